"""The catalogue of manifest rules: every error and warning a manifest can meet, each written down once.

Datasets, training, `custom-labels lint` and docs/errors.md are all driven by this registry. Codes and messages are the
service's own (guide rules E, TE and J; api-facts §3.7). Two rules have no published code, because the service drops
such lines without a word; their codes are ours and `published` is false.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """What a rule speaks about."""

    ANNOTATION = "annotation"
    ATTRIBUTE = "label attribute"
    METADATA = "label attribute metadata"
    LINE = "line"
    FILE = "file"
    PAIR = "dataset pair"


class Effect(Enum):
    """What follows when a rule applies (guide chapter J, head of the table)."""

    DROP_BOX = "the box is left out, the line is used"
    DROP_ATTRIBUTE = "the label attribute is left out; the line is invalid if it was the last one"
    DROP_LINE = "the line is invalid and not used"
    IGNORE_LINE = "the line is valid but not used; it does not count as invalid"
    FAIL = "the dataset or the training fails"


class Moment(Enum):
    """When a rule is checked."""

    DATASET = "dataset"
    TRAINING = "training"


BOTH = frozenset({Moment.DATASET, Moment.TRAINING})
DATASET_ONLY = frozenset({Moment.DATASET})
TRAINING_ONLY = frozenset({Moment.TRAINING})


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    `message` may hold one `{}`, filled by `text()`. `ids` are the rule's ids in the guide catalogue. `when` says what
    causes it and `cure` what to do. `stops` marks the group that ends all further checks of its line (J-23).
    `in_result_files` is false for manifest file errors: they end a training before any result file is written (VR-2).
    """

    code: str
    message: str
    level: Level
    effect: Effect
    ids: tuple[str, ...]
    when: str
    cure: str
    moments: frozenset[Moment] = BOTH
    stops: bool = False
    published: bool = True
    in_result_files: bool = True

    @property
    def is_warning(self) -> bool:
        """Warnings go under `warnings`, everything else under `errors` (J-18 to J-20)."""
        return self.code.startswith("WARNING_")

    def text(self, *values: object) -> str:
        """The message with its placeholder filled."""
        return self.message.format(*values) if values else self.message


class ManifestFileError(Exception):
    """A manifest or a pair of manifests is refused as a whole: the rule that says so and its filled message.

    The message is the StatusMessage of the dataset (E-1 to E-7) or of the version (TE-1 to TE-17).
    """

    def __init__(self, rule: Rule, *values: object) -> None:
        super().__init__(rule.text(*values))
        self.rule = rule

    @property
    def status_message(self) -> str:
        return str(self)


def rule_named(code: str) -> Rule:
    """The rule with this code. Raises KeyError for a code that is not in the catalogue."""
    return RULES_BY_CODE[code]


# --- file errors -------------------------------------------------------------------------------------------------

MANIFEST_INACCESSIBLE = Rule(
    "ERROR_MANIFEST_INACCESSIBLE_OR_UNSUPPORTED_FORMAT",
    "The manifest file extension or contents are invalid.",
    Level.FILE,
    Effect.FAIL,
    ("E-1", "TE-1"),
    "The bucket or the key does not exist, the key has no extension, or no line of the file is a JSON object.",
    "Check bucket and key, give the file an extension such as .manifest, and write one JSON object a line.",
    in_result_files=False,
)
EMPTY_MANIFEST = Rule(
    "ERROR_EMPTY_MANIFEST",
    "The manifest file is empty.",
    Level.FILE,
    Effect.FAIL,
    ("TE-2", "V-11"),
    "The file exists but has no lines. (A dataset made from it fails with the message of E-1.)",
    "Write at least one line.",
    TRAINING_ONLY,
    in_result_files=False,
)
MANIFEST_TOO_LARGE = Rule(
    "ERROR_MANIFEST_SIZE_TOO_LARGE",
    "The manifest file size exceeds the maximum supported size.",
    Level.FILE,
    Effect.FAIL,
    ("E-2", "TE-3", "Q-3"),
    "The file has more than 1 GB (1,073,741,824 bytes).",
    "Remove lines, or shorten them.",
    in_result_files=False,
)
MANIFEST_TOO_MANY_ROWS = Rule(
    "ERROR_MANIFEST_ROWS_EXCEEDS_MAXIMUM",
    "The manifest file has too many rows.",
    Level.FILE,
    Effect.FAIL,
    ("E-3", "V-6"),
    "The file has more than 250,000 lines.",
    "Remove lines.",
    in_result_files=False,
)
MANIFEST_PERMISSIONS = Rule(
    "ERROR_INVALID_PERMISSIONS_MANIFEST_S3_BUCKET",
    "The S3 bucket permissions are incorrect.",
    Level.FILE,
    Effect.FAIL,
    ("E-4", "TE-4"),
    "The caller may not read the bucket that holds the manifest.",
    "Give the caller s3:GetObject on the manifest.",
    in_result_files=False,
)
OUTPUT_BUCKET_NOT_WRITABLE = Rule(
    "ERROR_CANNOT_WRITE_OUTPUT_S3_BUCKET",
    "Unable to write to output S3 bucket.",
    Level.FILE,
    Effect.FAIL,
    ("TE-5",),
    "The bucket of OutputConfig does not exist or the caller may not write to it.",
    "Name a bucket that exists and that the caller may write to.",
    TRAINING_ONLY,
    in_result_files=False,
)

# --- content errors of a whole file ------------------------------------------------------------------------------

TOO_MANY_RECORDS_IN_ERROR = Rule(
    "ERROR_TOO_MANY_RECORDS_IN_ERROR",
    "The manifest file has too many terminal errors.",
    Level.FILE,
    Effect.FAIL,
    ("E-5", "TE-17", "V-1"),
    "More than 20 % of the lines were dropped: at dataset time for any terminal content error, in training for lines"
    " that are too long or repeat a source-ref.",
    "Correct the lines that were dropped; `custom-labels lint` lists them.",
)
TOO_MANY_LABELS = Rule(
    "ERROR_MANIFEST_TOO_MANY_LABELS",
    "The manifest file has too many labels.",
    Level.FILE,
    Effect.FAIL,
    ("E-6", "TE-13", "V-9", "Q-6"),
    "More than 250 different labels; in training counted after an automatic split.",
    "Use at most 250 labels.",
)
TOO_FEW_IMAGES_TO_DISTRIBUTE = Rule(
    "ERROR_INSUFFICIENT_IMAGES_PER_LABEL_FOR_DISTRIBUTE",
    "The manifest file doesn't have enough labeled images to distribute the dataset.",
    Level.FILE,
    Effect.FAIL,
    ("E-7", "D-15"),
    "A label has fewer than two images, or 20 % of the images cannot cover half of the labels.",
    "Add images for the labels that have few.",
    DATASET_ONLY,
)
TOO_MANY_INVALID_ROWS = Rule(
    "ERROR_TOO_MANY_INVALID_ROWS_IN_MANIFEST",
    "The manifest file contains too many invalid rows.",
    Level.FILE,
    Effect.FAIL,
    ("TE-6", "V-1", "V-13", "J-30"),
    "More than 20 % of the lines are invalid, all line errors taken together. Ignored lines are not invalid.",
    "Correct the lines that the validation manifest marks.",
    TRAINING_ONLY,
)
MULTIPLE_BUCKETS = Rule(
    "ERROR_IMAGES_IN_MULTIPLE_S3_BUCKETS",
    "The manifest file contains images from multiple S3 buckets.",
    Level.FILE,
    Effect.FAIL,
    ("TE-7", "V-17", "O-29", "D-20"),
    "The source-refs of one manifest or dataset name more than one bucket.",
    "Put all images of a dataset into one bucket.",
)
IMAGES_PERMISSIONS = Rule(
    "ERROR_INVALID_PERMISSIONS_IMAGES_S3_BUCKET",
    "The permissions for the images S3 bucket are invalid.",
    Level.FILE,
    Effect.FAIL,
    ("TE-8",),
    "The caller may not read the bucket that holds the images.",
    "Give the caller s3:GetObject on the images.",
    TRAINING_ONLY,
)
IMAGES_COPY_FAILED = Rule(
    "ERROR_FAILED_IMAGES_S3_COPY",
    "Failed to copy images from S3 bucket.",
    Level.FILE,
    Effect.FAIL,
    ("TE-9",),
    "Not one of the images could be read.",
    "Check that the images are where source-ref says.",
    TRAINING_ONLY,
)
IMAGES_BUCKET_OWNER = Rule(
    "ERROR_INVALID_IMAGES_S3_BUCKET_OWNER",
    "Invalid owner id for images S3 bucket.",
    Level.FILE,
    Effect.FAIL,
    ("TE-10", "D-20"),
    "The bucket of the images and the bucket of the manifest have different owners.",
    "Keep manifest and images in buckets of one owner.",
    TRAINING_ONLY,
)
TOO_FEW_IMAGES_TO_SPLIT = Rule(
    "ERROR_INSUFFICIENT_IMAGES_PER_LABEL_FOR_AUTOSPLIT",
    "The manifest file contains insufficient labeled images per label to perform auto-split.",
    Level.FILE,
    Effect.FAIL,
    ("TE-11", "D-26"),
    "There is no test dataset, and a 20 % split of the training dataset gives no acceptable one: a label has fewer"
    " than two images, or the moved images would cover less than half of the labels.",
    "Add images for the labels that have few, or make a test dataset.",
    TRAINING_ONLY,
)
TOO_FEW_LABELS = Rule(
    "ERROR_MANIFEST_TOO_FEW_LABELS",
    "The manifest file has too few labels.",
    Level.FILE,
    Effect.FAIL,
    ("TE-12", "V-8", "Q-4", "Q-5"),
    "Fewer labels than the model type needs: two for image-level labels, one for bounding boxes.",
    "Add labels.",
    TRAINING_ONLY,
)
TOO_FEW_USABLE_LABELS = Rule(
    "ERROR_MANIFEST_TOO_FEW_USABLE_LABELS",
    "The manifest file has too few usable labels.",
    Level.FILE,
    Effect.FAIL,
    ("TE-15", "D-25", "X-4"),
    "The dataset mixes image-level lines and box lines; after leaving out the lines of the kind that is not trained,"
    " fewer labels are left than the model type needs.",
    "Give all lines of a dataset the same kind of label.",
    TRAINING_ONLY,
)
LABEL_OVERLAP = Rule(
    "ERROR_INSUFFICIENT_LABEL_OVERLAP",
    "Less than {}% label overlap between the training and testing manifest files.",
    Level.PAIR,
    Effect.FAIL,
    ("TE-14", "V-3", "V-14"),
    "Fewer than half of the training labels occur in the test dataset.",
    "Add test images for the training labels.",
    TRAINING_ONLY,
)
USABLE_LABEL_OVERLAP = Rule(
    "ERROR_INSUFFICIENT_USABLE_LABEL_OVERLAP",
    "Less than {}% usable label overlap between the training and testing manifest files.",
    Level.PAIR,
    Effect.FAIL,
    ("TE-16", "V-3", "D-25"),
    "After leaving out the lines of the kind that is not trained, fewer than half of the training labels occur in the"
    " test dataset.",
    "Give both datasets the same kind of labels.",
    TRAINING_ONLY,
)

# --- lines dropped without a published code (E-8) -----------------------------------------------------------------

LINE_TOO_LONG = Rule(
    "LINE_TOO_LONG",
    "The line is longer than 100,000 characters.",
    Level.LINE,
    Effect.DROP_LINE,
    ("E-8", "Q-16"),
    "The line has more than 100,000 characters. A dataset drops it silently; a validation manifest shows"
    " ERROR_INVALID_JSON_LINE in its place.",
    "Shorten the line.",
    published=False,
    stops=True,
)
REPEATED_SOURCE_REF = Rule(
    "REPEATED_SOURCE_REF",
    "The source-ref value is used by an earlier line.",
    Level.LINE,
    Effect.DROP_LINE,
    ("E-8",),
    "An image may be named once in a manifest. The first line counts, later ones are dropped silently; a validation"
    " manifest shows them unchanged and the summary counts them as invalid.",
    "Put all labels of an image into one line.",
    published=False,
    stops=True,
)

# --- errors of a JSON line ---------------------------------------------------------------------------------------

INVALID_JSON_LINE = Rule(
    "ERROR_INVALID_JSON_LINE",
    "The JSON Line has an invalid format.",
    Level.LINE,
    Effect.DROP_LINE,
    ("J-9", "E-8"),
    "The line is not one JSON object in UTF-8: a syntax error, a blank line, a byte order mark, NaN or Infinity, or"
    " more than 100 levels. A validation manifest replaces it by the error; a dataset drops it.",
    "Write one JSON object a line.",
    stops=True,
)
MISSING_SOURCE_REF = Rule(
    "ERROR_MISSING_SOURCE_REF",
    "The source-ref key is missing.",
    Level.LINE,
    Effect.DROP_LINE,
    ("J-1", "E-8"),
    "There is no key source-ref, or it is misspelt. A dataset drops the line.",
    "Add source-ref with the image's s3:// address.",
    stops=True,
)
INVALID_SOURCE_REF_FORMAT = Rule(
    "ERROR_INVALID_SOURCE_REF_FORMAT",
    "The format of the source-ref value is invalid.",
    Level.LINE,
    Effect.DROP_LINE,
    ("J-2", "E-8", "F-2"),
    "source-ref is not of the form s3://bucket/path. A dataset drops the line.",
    "Write s3://bucket/path.",
    stops=True,
)
NO_LABEL_ATTRIBUTES = Rule(
    "ERROR_NO_LABEL_ATTRIBUTES",
    "No label attributes found.",
    Level.LINE,
    Effect.DROP_LINE,
    ("J-3", "E-9"),
    "The line has keys beside source-ref, but no attribute together with its -metadata.",
    "Name the metadata like the attribute, with -metadata behind it.",
    stops=True,
)
INVALID_LABEL_ATTRIBUTE_FORMAT = Rule(
    "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT",
    "The format of the label attribute {} is invalid.",
    Level.ATTRIBUTE,
    Effect.DROP_ATTRIBUTE,
    ("J-4", "E-9", "F-3", "F-5"),
    "An image-level attribute is no integer, or a box attribute lacks image_size (a list of one object with width,"
    " height and depth) or has annotations without class_id, left, top, width or height.",
    "Write the attribute as docs/manifests.md shows it.",
    stops=True,
)
INVALID_LABEL_ATTRIBUTE_METADATA_FORMAT = Rule(
    "ERROR_INVALID_LABEL_ATTRIBUTE_METADATA_FORMAT",
    "The format of the label attribute metadata is invalid.",
    Level.METADATA,
    Effect.DROP_ATTRIBUTE,
    ("J-5", "E-9", "F-3", "F-5"),
    "A required key of the metadata is missing or has the wrong type: confidence, class-name, human-annotated,"
    " creation-date, type; for boxes objects and class-map.",
    "Write the metadata as docs/manifests.md shows it.",
    stops=True,
)
MISSING_BOUNDING_BOX_CONFIDENCE = Rule(
    "ERROR_MISSING_BOUNDING_BOX_CONFIDENCE",
    "One or more bounding boxes has a missing confidence value.",
    Level.METADATA,
    Effect.DROP_LINE,
    ("J-7", "E-9"),
    "objects has fewer entries with a confidence than there are annotations.",
    'Write one {"confidence": 1} in objects for each annotation.',
    stops=True,
)
MISSING_CLASS_MAP_ID = Rule(
    "ERROR_MISSING_CLASS_MAP_ID",
    "One of more class ids is missing from the class map.",
    Level.METADATA,
    Effect.DROP_LINE,
    ("J-8", "E-9", "X-14", "X-26"),
    "A class_id of an annotation is no key of class-map.",
    "Add the class id to class-map.",
    stops=True,
)
NO_VALID_LABEL_ATTRIBUTES = Rule(
    "ERROR_NO_VALID_LABEL_ATTRIBUTES",
    "No valid label attributes found.",
    Level.LINE,
    Effect.DROP_LINE,
    ("J-6", "E-9"),
    "Every label attribute of the line is invalid or of an unsupported type.",
    "Correct at least one label attribute.",
)
UNSUPPORTED_USE_CASE_TYPE = Rule(
    "ERROR_UNSUPPORTED_USE_CASE_TYPE",
    "The use case type of the {}-metadata label attribute metadata is unsupported. Check the type field.",
    Level.METADATA,
    Effect.DROP_ATTRIBUTE,
    ("J-21", "E-9", "J-24", "O-30"),
    "type is neither groundtruth/image-classification nor groundtruth/object-detection.",
    "Correct type; turn a multi-label Ground Truth manifest with `custom-labels convert multilabel`.",
)
INVALID_LABEL_NAME_LENGTH = Rule(
    "ERROR_INVALID_LABEL_NAME_LENGTH",
    "The length of the label name is invalid.",
    Level.METADATA,
    Effect.DROP_LINE,
    ("J-22", "E-9", "L-5", "Q-16"),
    "A label name has more than 256 characters.",
    "Shorten the label name.",
)
INVALID_IMAGE = Rule(
    "ERROR_INVALID_IMAGE",
    "The image is invalid. Check S3 path and/or image properties.",
    Level.LINE,
    Effect.DROP_LINE,
    ("J-10", "X-6", "Q-1", "Q-12", "Q-13", "Q-14"),
    "The image is missing, unreadable or cut off, no PNG or JPEG, over 15 MB, of an aspect ratio of 20:1 or more, or"
    " (without boxes) has a side under 64 or over 4096 px.",
    "Replace or re-encode the image, or remove the line.",
    TRAINING_ONLY,
)
INVALID_IMAGE_DIMENSION = Rule(
    "ERROR_INVALID_IMAGE_DIMENSION",
    "The image dimension(s) do not conform to allowed dimensions.",
    Level.ATTRIBUTE,
    Effect.DROP_LINE,
    ("J-11", "E-9", "Q-12"),
    "A line with boxes: image_size, or in training the image itself, has a side under 64 or over 4096 px.",
    "Resize the image (and its boxes), or correct image_size.",
)
TOO_MANY_BOUNDING_BOXES = Rule(
    "ERROR_TOO_MANY_BOUNDING_BOXES",
    "There are more bounding boxes than the allowed maximum.",
    Level.ATTRIBUTE,
    Effect.DROP_LINE,
    ("J-17", "E-9", "Q-11"),
    "The image has more than 50 boxes.",
    "Remove boxes, or cut the image into several.",
)
INVALID_BOUNDING_BOX = Rule(
    "ERROR_INVALID_BOUNDING_BOX",
    "The bounding box has off frame values.",
    Level.ANNOTATION,
    Effect.DROP_BOX,
    ("J-12", "E-9", "J-29"),
    "The box has a negative value or leaves the frame that image_size gives.",
    "Clip the box to the image.",
)
BOUNDING_BOX_TOO_SMALL = Rule(
    "ERROR_BOUNDING_BOX_TOO_SMALL",
    "The height and width of the bounding box is too small.",
    Level.ANNOTATION,
    Effect.DROP_BOX,
    ("J-16", "E-9", "J-26", "T-7"),
    "Width or height of the box is not more than 1 px, also after an image with a side over 1280 px has been reduced"
    " to 1280.",
    "Draw the box larger, or remove it.",
)
NO_VALID_ANNOTATIONS = Rule(
    "ERROR_NO_VALID_ANNOTATIONS",
    "No valid annotations found.",
    Level.ATTRIBUTE,
    Effect.DROP_ATTRIBUTE,
    ("J-13", "E-9"),
    "Every box of the attribute has an error.",
    "Correct at least one box.",
)

# --- warnings ----------------------------------------------------------------------------------------------------

UNANNOTATED_RECORD = Rule(
    "WARNING_UNANNOTATED_RECORD",
    "Record is unannotated.",
    Level.LINE,
    Effect.IGNORE_LINE,
    ("J-18", "J-27"),
    "The line has nothing but source-ref.",
    "Label the image, or leave it: it is not used.",
    TRAINING_ONLY,
)
NO_ANNOTATIONS = Rule(
    "WARNING_NO_ANNOTATIONS",
    "No annotations were found.",
    Level.LINE,
    Effect.IGNORE_LINE,
    ("J-19", "J-25", "X-29"),
    "A line in box format, annotated by a human, without boxes.",
    "Draw boxes, or leave it: it is not used.",
    TRAINING_ONLY,
)
NO_ATTRIBUTE_ANNOTATIONS = Rule(
    "WARNING_NO_ATTRIBUTE_ANNOTATIONS",
    "No attribute annotations were found.",
    Level.ATTRIBUTE,
    Effect.IGNORE_LINE,
    ("J-20", "J-25", "X-29"),
    "annotations of a box attribute is absent or empty.",
    "Draw boxes, or leave it: it is not used.",
    TRAINING_ONLY,
)

RULES: tuple[Rule, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Rule))
"""All rules, in the order of this file: file errors, content errors, dropped lines, line errors, warnings."""

RULES_BY_CODE: dict[str, Rule] = {rule.code: rule for rule in RULES}

"""The rules about one line of a manifest: dropped lines, errors and warnings (E-8, guide chapter J)."""

from __future__ import annotations

from emulator.domain.manifest.rules.rule import TRAINING_ONLY, Effect, Level, Rule

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
    "ERROR_REPEATED_SOURCE_REF",
    "The source-ref value is used by an earlier line.",
    Level.LINE,
    Effect.DROP_LINE,
    ("E-8",),
    "An image may be named once in a manifest. The first line counts. A dataset drops later ones silently; a training"
    " counts them as invalid and marks them in the validation manifest, with this code of ours.",
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
    "An image-level attribute is neither an integer nor text, or a box attribute lacks image_size (a list of one"
    " object with width, height and depth) or has annotations without class_id, left, top, width or height.",
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
    " creation-date, type; for boxes objects and class-map. Or it is of both kinds at once.",
    "Write the metadata as docs/manifests.md shows it.",
    stops=True,
)
MISSING_BOUNDING_BOX_CONFIDENCE = Rule(
    "ERROR_MISSING_BOUNDING_BOX_CONFIDENCE",
    "One or more bounding boxes has a missing confidence value.",
    Level.METADATA,
    Effect.DROP_LINE,
    ("J-7", "E-9"),
    "objects does not have exactly one entry with a confidence for each annotation.",
    'Write one {"confidence": 1} in objects for each annotation.',
    stops=True,
)
MISSING_CLASS_MAP_ID = Rule(
    "ERROR_MISSING_CLASS_MAP_ID",
    "One of more class ids is missing from the class map.",
    Level.METADATA,
    Effect.DROP_LINE,
    ("J-8", "E-9", "X-14", "X-26"),
    "A class_id of an annotation is not a key of class-map.",
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
    "Label the image, or remove the line if the image shows any label: a training takes it for background.",
    TRAINING_ONLY,
)
NO_ANNOTATIONS = Rule(
    "WARNING_NO_ANNOTATIONS",
    "No annotations were found.",
    Level.LINE,
    Effect.IGNORE_LINE,
    ("J-19", "J-25", "X-29"),
    "A line in box format, annotated by a human, without boxes.",
    "Draw boxes, or leave it if the image shows none of the labels: a training takes it for background.",
    TRAINING_ONLY,
)
NO_ATTRIBUTE_ANNOTATIONS = Rule(
    "WARNING_NO_ATTRIBUTE_ANNOTATIONS",
    "No attribute annotations were found.",
    Level.ATTRIBUTE,
    Effect.IGNORE_LINE,
    ("J-20", "J-25", "X-29"),
    "annotations of a box attribute is absent or empty.",
    "Draw boxes, or leave it if the image shows none of the labels: a training takes it for background.",
    TRAINING_ONLY,
)
IMAGE_SIZE_DIFFERS = Rule(
    "WARNING_IMAGE_SIZE_DIFFERS",
    "The image has another size than image_size says.",
    Level.ATTRIBUTE,
    Effect.NONE,
    ("J-11", "F-5"),
    "image_size is neither the size of the stored image nor that of the upright one. Boxes are scaled from image_size"
    " to the image. The code is ours; it stands in the manifest summary and in the output of lint.",
    "Write the image's real size, and draw the boxes in its pixels.",
    TRAINING_ONLY,
    published=False,
)
TOO_MANY_LABELS_OF_IMAGE = Rule(
    "WARNING_TOO_MANY_LABELS_PER_IMAGE",
    "The image has more labels than the quota allows.",
    Level.LINE,
    Effect.NONE,
    ("Q-10",),
    "The image has more than 50 image-level labels: a quota of the guide without a known code. The line is used; the"
    " warning stands in the manifest summary and in the output of lint.",
    "Remove labels from the image.",
    TRAINING_ONLY,
    published=False,
)

"""The rules about a manifest, or a pair of manifests, as a whole (guide chapters E, TE and V)."""

from __future__ import annotations

from emulator.domain.manifest.rules.rule import DATASET_ONLY, TRAINING_ONLY, Effect, Level, Rule

# --- file errors -------------------------------------------------------------------------------------------------

MANIFEST_INACCESSIBLE = Rule(
    "ERROR_MANIFEST_INACCESSIBLE_OR_UNSUPPORTED_FORMAT",
    "The manifest file extension or contents are invalid.",
    Level.FILE,
    Effect.FAIL,
    ("E-1", "TE-1"),
    "The bucket or the key does not exist, the key has no extension, or no line of the file can be read: none is a JSON"
    " object of at most 100,000 characters.",
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
    ("E-3", "V-6", "Q-8", "Q-9"),
    "The file has more than 250,000 lines (in Mumbai and London 28,000 for training and 7,000 for testing), or a"
    " dataset would have more entries after an update or a copy.",
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
    "A label has fewer than two images (the message names it), or 20 % of the images cannot cover half of the labels."
    " The training dataset ends as UPDATE_FAILED, the test dataset is left as it was.",
    "Add images for the labels that have few.",
    DATASET_ONLY,
)
TOO_MANY_INVALID_ROWS = Rule(
    "ERROR_TOO_MANY_INVALID_ROWS_IN_MANIFEST",
    "The manifest file contains too many invalid rows.",
    Level.FILE,
    Effect.FAIL,
    ("TE-6", "V-1", "V-13", "J-30"),
    "More than 20 % of the lines are invalid, all line errors taken together. Ignored lines count neither as invalid"
    " nor among the lines.",
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
    "Not one of the images could be read, or one that had been checked was gone or replaced before the training used it"
    " (that is not an error of the manifest, and not in its summary).",
    "Check that the images are where source-ref says, and leave them there until the training has ended.",
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

# --- warnings of ours about a whole file ------------------------------------------------------------------------

LABELS_WITHOUT_VALID_IMAGES = Rule(
    "WARNING_LABELS_WITHOUT_VALID_IMAGES",
    "No valid image has these labels, so the model does not know them: {}",
    Level.FILE,
    Effect.NONE,
    ("V-7",),
    "Every line that names the label is invalid. AWS lists this among the errors of an import, but no code is known;"
    " here it is a warning in the manifest summary and in the output of lint.",
    "Correct at least one line of each of these labels.",
    TRAINING_ONLY,
    published=False,
)
TOO_MANY_TEST_IMAGES = Rule(
    "WARNING_TOO_MANY_TEST_IMAGES_PER_LABEL",
    "More than 1,000 test images have these labels: {}",
    Level.FILE,
    Effect.NONE,
    ("Q-7",),
    "A quota of the guide without a known code. All images are tested with; the warning stands in the manifest summary"
    " and in the output of lint.",
    "Remove test images of these labels.",
    TRAINING_ONLY,
    published=False,
)

"""docs/parity.md: what each operation does, and what was chosen where Amazon's behaviour is not known.

`python -m emulator.documents.parity` prints the document; a test compares it with the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from emulator.documents.access import ACCESS
from emulator.documents.choice import Choice
from emulator.domain.metering.quotas import DEFAULT_REQUESTS_PER_SECOND, QUOTAS, REQUESTS_PER_SECOND
from emulator.operations.registry import Entry, registered_operations
from emulator.wire.service_model import CUSTOM_LABELS_OPERATIONS, load_service_model

_HEAD = """# What is like the real service, and what was chosen

This page is generated from the code by `make docs`; a test keeps both equal.

"Chosen" means: Amazon has not published the behaviour and no recording of it is known, so this emulator had to decide.
Do not let your tests depend on a chosen text; error codes and states are safer. What can be set is a setting of
[docs/settings.md](settings.md).
"""

_QUOTAS_HEAD = """They hold with `CUSTOM_LABELS_QUOTAS=aws` only; policies and tags are limited always. Manifests over
250,000 lines or 1 GB fail with the messages of [docs/errors.md](errors.md), whatever this setting says."""


UNKNOWN = (
    Choice(
        "Message texts of Custom Labels errors: a stopped model, taken names, refused deletions, quotas, unknown ARNs, "
        "policies, parameters that do not fit together",
        "Sentences of our own that name the resource, its state, and what would help; the code is Amazon's.",
        "No recording is known. A sentence that names the cause helps whoever reads a log.",
    ),
    Choice(
        "`StatusMessage` of versions that start, run, stop, are stopped, deleted, copied or failed, and of datasets in "
        "progress, empty, copied, updated",
        "Short sentences such as `The model is running.`; the published ones (trained, in training, created from a "
        "manifest, every error) are Amazon's, `The model has stopped running.` is the console's.",
        "Clients print the field, so it is never empty.",
    ),
    Choice(
        "The direction in which DescribeProjects sorts", "Newest first.", "As DescribeProjectVersions is documented."
    ),
    Choice(
        "The order of entries and labels",
        "Entries as in the manifest, replaced ones at their old place, new ones last; labels as first seen.",
        "The published example of labels is neither alphabetical nor by count.",
    ),
    Choice(
        "Format and life of `NextToken`",
        "A signed token that fits one operation, account, region and set of filters, without an end; `MaxResults` may "
        "change from page to page. Anything else is InvalidPaginationTokenException, and so is a token for the entries "
        "or labels of a dataset whose entries were distributed meanwhile. It outlives a restart. At the end of a list "
        "the member is absent.",
        "The AWS CloudFormation handlers loop until it is null, so an empty string would never end.",
    ),
    Choice(
        "CreateProjectVersion in a project with a training dataset alone",
        "The dataset is split 80/20, and the moved entries become the project's test dataset.",
        "The console does so, and the guide's command-line example trusts in it.",
    ),
    Choice(
        "The end of a training that is cancelled",
        "TRAINING_FAILED with `The training was cancelled.`, no result files in its description, nothing billed.",
        "Amazon has no such operation; `DELETE /_emulator/trainings/ARN` and `custom-labels cancel` do it.",
    ),
    Choice(
        "Changes that the console makes to many entries at once: renaming and removing labels, removing images",
        "The dataset passes UPDATE_IN_PROGRESS and UPDATE_COMPLETE, as by UpdateDatasetEntries.",
        "Programs that wait for UPDATE_COMPLETE see them end.",
    ),
    Choice(
        "Lines that the console writes",
        "Image-level labels as `classification_LABEL` with the job `labeling-job/LABEL`, boxes as `bounding-box` or "
        "under the line's own name; what a person did not change stays as it was. An uploaded file never replaces an "
        "object: where its name is taken it gets a number.",
        "The guide shows the form of lines (F-3, F-5) and no names of the console.",
    ),
    Choice(
        "CreateProjectVersion with an empty test dataset",
        "InvalidParameterException.",
        "There is nothing to evaluate with; the guide asks to distribute entries first.",
    ),
    Choice(
        "CreateProjectVersion while a dataset is not complete",
        "ResourceInUseException while it is at work, InvalidParameterException when it could not be created.",
        "Both codes are in the operation's list; waiting cures the first and not the second.",
    ),
    Choice(
        "StopProjectVersion of a version that starts or does not run",
        "ResourceInUseException.",
        "The only code of the operation's list that speaks of state.",
    ),
    Choice(
        "StartProjectVersion of a version that failed to run or was copied",
        "Allowed.",
        "Copying would be of no use otherwise, and a failure to run is not one of training.",
    ),
    Choice(
        "LimitExceededException or ServiceQuotaExceededException for each quota of a count",
        "Too many at once is LimitExceededException; too many stored is ServiceQuotaExceededException where the "
        "operation declares it. The table of quotas below has each.",
        "So the service model describes the two.",
        "`CUSTOM_LABELS_QUOTAS`",
    ),
    Choice(
        "Body and headers of unknown operations, bad JSON, and missing or malformed signatures",
        "HTTP 400 with `__type` and a lowercase `message`, as other services of AWS's JSON protocol answer.",
        "No recording from Rekognition is known; SDKs of all languages read this form.",
    ),
    Choice(
        "`HasErrors` false in ListDatasetEntries",
        "No filter.",
        "The guide's own client sends it to get all entries.",
    ),
    Choice("Case in `SourceRefContains`", "Case-sensitive.", "Object keys of S3 are case-sensitive."),
    Choice(
        "`BoundingBoxCount`: images or boxes",
        "Boxes; absent for labels without boxes.",
        "The name says boxes, and the published image-level example lacks the member.",
    ),
    Choice("`MaxResults` 0 in DetectCustomLabels", "No limit.", "The service model allows 0."),
    Choice(
        "A manifest that is missing: refused at once or later",
        "Later: CreateDataset answers the ARN and the dataset ends as CREATE_FAILED; a training ends as "
        "TRAINING_FAILED.",
        "The guide lists a missing bucket or key among the causes of that status message.",
    ),
    Choice(
        "How DistributeDatasetEntries chooses",
        "A fifth of all entries, rounded to the nearest. Of the labelled ones a fifth, in each label's "
        "proportion, every "
        "label keeping an image; unlabelled ones make up the rest. Deterministic by the seed.",
        "The guide says 20 % of the entries; known is that 70 labelled images gave 14.",
        "`CUSTOM_LABELS_SEED`",
    ),
    Choice(
        "What a distribution that cannot be does to the datasets",
        "The training dataset becomes UPDATE_FAILED; its message is the published one and a sentence that names the "
        "labels with one image. The test dataset is left as it was.",
        "Ours: nothing was done to the test dataset. No recording is known.",
    ),
    Choice(
        "Whether unlabelled lines count for the 20 % of invalid lines",
        "No: ignored lines are outside, above and below the fraction bar, in a training. A dataset reckons "
        "dropped lines "
        "of all lines.",
        "Likely: the validator of 2020 takes lines with nothing but a source-ref out of the total, the guide says that "
        "ignored lines do not count.",
    ),
    Choice(
        "A repeated `source-ref` in a training",
        "The line is invalid, and its line in the validation manifest carries `ERROR_REPEATED_SOURCE_REF`, a code of "
        "ours; a dataset drops it silently.",
        "The guide knows dropped lines for datasets alone; a line that is counted as invalid can be found this way.",
    ),
    Choice(
        "A label whose images are all invalid",
        "`WARNING_LABELS_WITHOUT_VALID_IMAGES` under `warnings` of the manifest summary, which is ours and "
        "only there if "
        "there is a warning; the training goes on without the label.",
        "The guide lists it among the errors of an import, without a code. A training that AWS accepts should "
        "not fail.",
    ),
    Choice(
        "More than 50 labels an image, more than 1,000 test images a label",
        "`WARNING_TOO_MANY_LABELS_PER_IMAGE`, `WARNING_TOO_MANY_TEST_IMAGES_PER_LABEL` in the same place; all "
        "are used.",
        "Quotas of the guide, without a code.",
    ),
    Choice(
        "Lines over the limits of Mumbai and London (28,000 for training, 7,000 for testing)",
        "As over 250,000 elsewhere: `The manifest file has too many rows.`, as a `StatusMessage`.",
        "The guide gives the limits; the message is that of its error about rows.",
    ),
    Choice(
        "An `image_size` that is not the size of the image",
        "`WARNING_IMAGE_SIZE_DIFFERS` in the manifest summary; boxes are scaled from `image_size` to the image. Boxes "
        "are held to the frame that `image_size` gives.",
        "The guide's errors speak of the declared frame. The size of the stored and of the upright image are "
        "both good.",
    ),
    Choice(
        "A byte order mark before the first line",
        "Passed over, in manifests and updates. One before a later line makes that line invalid.",
        "Likely: the library that the validator of 2020 reads lines with does so in its present version.",
    ),
    Choice(
        "What the manifest check says of members that the guide does not describe: `job-name` of any type, text as the "
        "value of an image-level attribute, `1.0` for `1`, small `t` and `z` in dates, `confidence` or `class-name` "
        "beside boxes",
        "Taken. All four of `confidence`, `class-name`, `objects` and `class-map` in one metadata, or another number "
        "of `objects` than of `annotations`, are refused.",
        "Likely: a validator of the service from 2020 that a public notebook shows, and manifests that were trained "
        "with.",
    ),
    Choice(
        "Latency and throughput of an inference unit",
        "Five requests a second for each unit, whatever the image; latency is what this machine needs.",
        "The figure that AWS's own code samples plan with.",
        "`CUSTOM_LABELS_TPS_PER_UNIT`",
    ),
    Choice(
        "`AutoUpdate` together with CUSTOM_LABELS",
        "ENABLED is InvalidParameterException, DISABLED is accepted and not shown.",
        "Terraform's tests say that it is not supported for Custom Labels.",
    ),
    Choice(
        "Project names: unique across features or within one",
        "Unique in an account and region; there are projects of one feature only.",
        "A project's ARN has no feature in it.",
    ),
    Choice(
        "In which order a call is looked at where signatures are verified (`CUSTOM_LABELS_AUTH`)",
        "The signature first, then the operation and its constraints, then the rights, then the resource.",
        "Whoever may not do something learns nothing of what exists; a call that is wrong in itself is told so.",
        "`CUSTOM_LABELS_AUTH`",
    ),
    Choice(
        "A query in another order than it was signed in",
        "Parameters of different names may come in any order, in presigned URLs too. Refused as a wrong signature: "
        "values of one name that come in another order than the sorted one, and a query that was signed unsorted. `+` "
        "counts as a space, as operations read it.",
        "SigV4 signs the sorted query, so AWS takes reordered URLs, and proxies and SDKs write them in orders of their "
        "own. Of a name that comes twice one value is taken, so there another order would mean something else.",
        "`CUSTOM_LABELS_AUTH`",
    ),
    Choice(
        "Older ways to sign: SigV2 in headers, URLs and forms, and SigV4a",
        "Refused in modes `signature`, `iam-report` and `iam`: InvalidRequest by S3, IncompleteSignature by others.",
        "S3 refuses SigV2 for new buckets; SigV4a needs elliptic curves, which no dependency here has.",
        "`CUSTOM_LABELS_AUTH`",
    ),
    Choice(
        "What a refused signature is told",
        "Rekognition, STS and CloudWatch answer AWS's sentence with the canonical request and the string to sign "
        "behind it, S3 has them as elements of its error.",
        "Older services of AWS do so; it is what the author of a client needs, and holds no secret.",
    ),
    Choice(
        "Roles that are not in the file of identities",
        "AccessDenied where policies decide, in `iam-report` too; in mode `signature` any role may be assumed.",
        "A session without a role has no policies that could be reported.",
        "`CUSTOM_LABELS_IDENTITIES`",
    ),
    Choice(
        "AssumeRoleWithWebIdentity",
        "As AssumeRole of any role in mode `off`; AccessDenied in the others. SourceIdentity, MFA and transitive tags "
        "answer ValidationError there.",
        "The tokens of identity providers cannot be verified offline.",
        "`CUSTOM_LABELS_AUTH`",
    ),
    Choice(
        "The clock by which signatures and sessions end",
        "Real time, with 15 minutes of tolerance for signatures, whatever the emulator's clock says.",
        "Clients sign with theirs.",
    ),
)

EDGE = (
    Choice(
        "A request body over 12 MiB",
        "DetectCustomLabels: the ValidationException of images over 5,242,880 bytes, with a length that is estimated "
        "from the body's. Others: RequestEntityTooLargeException, HTTP 413.",
        "More is never read into memory.",
    ),
    Choice(
        "Rekognition's other operations (faces, text, video, adapters' media analysis)",
        "AccessDeniedException with a text that says that they are not served here.",
        "A modelled error that no SDK retries, never an HTTP 500 or HTML.",
    ),
    Choice(
        "The path of a violation inside a map, in the text of a ValidationException",
        "`tags.<key>.key` for a key, `tags.<key>.value` for a value; items of lists are `.1.member`.",
        "Lists are as seen from other services; maps continue the same grammar.",
    ),
    Choice(
        "Several violations at once",
        "All in one message, in the order of the service model, at most 100 and each value cut at 16,384 characters.",
        "So no request can ask for a giant answer.",
    ),
    Choice(
        "NaN and Infinity as JSON numbers, bad base64, halves of surrogate pairs",
        "SerializationException.",
        "They are not JSON, not bytes, not characters: the framework refuses them before any constraint.",
    ),
    Choice(
        "A request without an access key of twelve digits",
        "Belongs to the default account.",
        "Any credentials work, so nothing has to be set up.",
        "`CUSTOM_LABELS_DEFAULT_ACCOUNT`",
    ),
    Choice(
        "DescribeProjectVersions from a waiter",
        "Held while a version it names is changing, at most 50 s, so that waiters end when the state changes. Calls of "
        "botocore before 1.37.4, which does not mark its waiters, are held if they follow the call that began the work "
        "within 2 s or repeat an earlier call.",
        "Default delays of the SDKs are 30 s and 120 s.",
        "`CUSTOM_LABELS_WAITER_HOLD`, `CUSTOM_LABELS_WAITER_HOLD_FOR`",
    ),
    Choice(
        "A describing call that names one resource, right after the caller began work on it",
        "Held while the work lasts, at most 2 s.",
        "The guide's programs look once and then sleep for 5 to 60 s.",
        "`CUSTOM_LABELS_SETTLE_HOLD`",
    ),
    Choice(
        "How long StartProjectVersion may take",
        "As long as the file takes to load, which is seconds: no start times out. One that cannot load ends in FAILED, "
        "`The model failed to run.`, and can be started again.",
        "Amazon says that a model can fail to start, not after how long.",
        "",
    ),
    Choice(
        "A model file that is missing, or that no training wrote (in an archive)",
        "The version is FAILED when it is started, or at the start of the emulator where it was RUNNING; the log says "
        "why. Others go on.",
        "There are no model files in Amazon's API.",
        "",
    ),
    Choice(
        "A model that takes longer than 60 s over an image, or more than 2 GiB together with all others",
        "InternalServerError for this call, with a line in the log; the version stays RUNNING, and other calls are "
        "served.",
        "Only a file that was tampered with does so; a model takes a second at most.",
        "",
    ),
    Choice(
        "Manifests, images and output buckets of another Region than the call's",
        "As if they were not there: InvalidS3ObjectException in DetectCustomLabels, the messages of E-1, J-9 and TE-5 "
        "elsewhere. For the embedded S3; an outside one does not tell.",
        "The guide wants images in the Region of the model; the text of InvalidS3ObjectException names the region.",
    ),
    Choice(
        "The region `US`, or none, in the scope of a signature for S3",
        "Is us-east-1.",
        "s3cmd and old Go SDKs sign so; other impossible regions are refused.",
    ),
    Choice(
        "`StatusMessage` of a RUNNING version that runs for long",
        "Says so if the user wants to be warned; else it is the message of every running version. A model that stops "
        "by itself passes through STOPPING as by StopProjectVersion.",
        "The real service does neither; its bill tells.",
        "`CUSTOM_LABELS_WARN_RUNNING_AFTER`, `CUSTOM_LABELS_STOP_IDLE_AFTER`",
    ),
    Choice(
        "Where event notifications of the embedded S3 go",
        "To a webhook, or to SQS, SNS and Lambda of another endpoint; without either, "
        "PutBucketNotificationConfiguration cannot validate the destinations (InvalidArgument). EventBridge answers "
        "NotImplemented. A deletion of a key that is not there is not an event.",
        "There is no queue, topic or function here, and events that go nowhere would be lost silently.",
        "`CUSTOM_LABELS_EVENTS_WEBHOOK_URL`, `CUSTOM_LABELS_EVENTS_ENDPOINT_URL`",
    ),
)

RESULT_FILES = (
    Choice(
        "Ids in the snapshots (`TrainingGroundTruth`, `TestingGroundTruth`)",
        "`rekognition-custom-labels-object-id` at the top level of each line: 1, 2, 3 … by image.",
        "A workshop in R with printed output, a public Java class and the constants of the service's validator (2020) "
        "have it there.",
        sure="sure",
    ),
    Choice(
        "`line-idx` in the snapshots",
        "At the top level of each line: the number of the manifest's line, from 1.",
        "The same constants call it the line number of the original manifest, and the validator counts from 1; no file "
        "with the value is public.",
        sure="likely",
    ),
    Choice(
        "Which boxes the testing snapshot of a detector lists",
        "One entry for each true box (true positive, or false negative whatever the confidence), then the predictions "
        "that reach their threshold and found none (false positive). No true negatives.",
        "The printed rows of the workshop: 17 true boxes, 17 entries with `is-present-in-ground-truth`, no true "
        "negative.",
        sure="likely",
    ),
    Choice(
        "A true box that no prediction covers",
        "A false negative of confidence 0 at the place of the true box.",
        "So that the file alone gives the recall of the summary. In the printed rows each true box has a prediction.",
        sure="ours",
    ),
    Choice(
        "The order of `objects`",
        "True boxes in the order of the manifest, then false positives, most confident first.",
        "The printed rows follow neither confidence nor truth throughout.",
        sure="ours",
    ),
    Choice(
        "Pixels in the snapshots",
        "Whole: the edges of a box are rounded, and a box stays within the image.",
        "Ground Truth and the guide's example.",
        sure="sure",
    ),
    Choice(
        "Which evaluation pairs a line of a classifier has",
        "One, `…-evaluation-0`, for the highest-scoring label where no test image has more than one label. Otherwise "
        "one for each label of the image and for each that was found without being there, numbered in this order.",
        "The guide's example has one pair; a notebook of AWS reads one pair of truth and prediction for each "
        "evaluation member and computes the accuracy from them, which a pair for every label makes 1/K.",
        sure="likely",
    ),
    Choice(
        "What a classifier answers for a picture of something else",
        "Low confidences for every label, mostly none over its assumed threshold: the list may be empty. The "
        "confidences of a picture add up to 100 or less, and no assumed threshold lies under 60 divided by the number "
        "of labels, nor under 60 % of the label's share of the test images (counted as at most a half).",
        "Answers of AWS may be empty and need not add up to 100 (api-facts §4.1). How it does that is unknown.",
        sure="ours",
    ),
    Choice(
        "The least assumed threshold of a label of boxes",
        "0.05, also where the best F1 on the test images lies lower: such a model would answer the label for nearly "
        "every picture of something else.",
        "The guide says best F1 (ME-3) and has no example with a threshold near 0.",
        sure="ours",
    ),
    Choice(
        "An effort that a version's tag asks for and that there is not",
        "The tag `custom-labels:training-effort` is ignored with a warning in the log; the setting counts.",
        "Tags mean nothing to AWS, so no tag may make a call fail.",
        sure="ours",
    ),
    Choice(
        "A label without test images in the evaluation summary",
        "It is in `LabelEvaluationResults`, last, with its threshold, metrics of 0 and `NumberOfTestingImages` 0. The "
        "aggregates leave it out and name the labels that they cover in `EvaluatedLabels`, a member of our own, which "
        "is there only then.",
        "The guide allows such labels (Q-7) and has a threshold for each label; how the means treat them is unknown.",
        sure="ours",
    ),
)

ABSENT = (
    ("Adapters (`Feature` CONTENT_MODERATION, `FeatureConfig`)", "answer InvalidParameterException."),
    ("Encryption with KMS", "keys, their states and the rights to them are checked (docs/access.md); no byte is "
     "encrypted."),
    ("IAM", "signatures are verified and policies decide where `CUSTOM_LABELS_AUTH` asks for it (docs/access.md). "
     "Service control policies, resource control policies and sessions of federated users do not exist."),
    ("The console's own operations", "imports from folders, stored labels, example projects and the like are not part "
     "of the API; the page has them under `/console/api`."),
    ("Time between an ARN and its dataset", "Amazon's `CreationTimestamp` of a dataset is 0.1 to 0.5 s after the epoch "
     "in its ARN; here both are one moment."),
    ("`DEPRECATED`, `EXPIRED`", "belong to adapters; no version gets there."),
)  # fmt: skip


def document() -> str:
    """docs/parity.md, whole."""
    sections = [
        _HEAD,
        "## Operations",
        _table(("operation", "state", "limits", "chosen"), map(_operation_row, _entries())),
        "## Where Amazon's behaviour is unknown",
        _table(("what is not known", "what is answered here", "why", "setting"), map(_choice_row, UNKNOWN)),
        "## At the edge",
        _table(("what", "what is answered here", "why", "setting"), map(_choice_row, EDGE)),
        "## Access",
        _table(("what", "what is answered here", "why", "setting"), map(_choice_row, ACCESS)),
        "## Result files",
        _table(("what", "what is written here", "source", "how sure"), map(_sure_row, RESULT_FILES)),
        "## Quotas",
        _QUOTAS_HEAD,
        _table(("quota", "default", "error"), _quota_rows()),
        _table(("requests a second, for each account and region", "default"), _rate_rows()),
        "## What is not here",
        "\n".join(f"- **{name}**: {text}" for name, text in ABSENT),
    ]
    return "\n\n".join(section.rstrip("\n") for section in sections) + "\n"


def _entries() -> list[Entry]:
    """The operations, in the order of their names; each of the model's is there, or the document is wrong."""
    registered = registered_operations()
    model = load_service_model().operations
    return [registered[name] for name in sorted(CUSTOM_LABELS_OPERATIONS & set(model))]


def _operation_row(entry: Entry) -> tuple[str, ...]:
    return f"`{entry.name}`", "done", entry.limits, "<br>".join(entry.chosen)


def _choice_row(choice: Choice) -> tuple[str, ...]:
    return choice.question, choice.answer, choice.reason, choice.setting


def _sure_row(choice: Choice) -> tuple[str, ...]:
    return choice.question, choice.answer, choice.reason, choice.sure


def _quota_rows() -> Iterator[tuple[str, ...]]:
    for quota, rule in QUOTAS.items():
        regions = "".join(f"; {limit:,} in {region}" for region, limit in rule.limit_of_region.items())
        yield quota.value, f"{rule.limit:,}{regions}", rule.code


def _rate_rows() -> Iterator[tuple[str, ...]]:
    for operation, rate in REQUESTS_PER_SECOND.items():
        yield f"`{operation}`", f"{rate:g}"
    yield "each other operation", f"{DEFAULT_REQUESTS_PER_SECOND:g}"


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


if __name__ == "__main__":
    print(document(), end="")

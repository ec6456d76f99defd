"""The part of docs/parity.md on access: identities, policies, keys."""

from __future__ import annotations

from emulator.documents.choice import Choice

ACCESS = (
    Choice(
        "Policies of the buckets of an outside S3",
        "Read with the keys of the caller's account (GetBucketPolicy) and decided together with the caller's own "
        "policies, as those of a bucket of that account. One that these keys may not read does not count, and the log "
        "says so.",
        "The S3 at `CUSTOM_LABELS_S3_ENDPOINT_URL` knows the account's keys and not who is behind them.",
        "`CUSTOM_LABELS_S3_ENDPOINT_URL`, `CUSTOM_LABELS_AUTH`",
    ),
    Choice(
        "Condition keys of what Rekognition does in S3 and KMS on a caller's behalf",
        "`aws:ViaAWSService` true, `aws:CalledVia` rekognition.amazonaws.com (s3.amazonaws.com for keys of objects), "
        "`kms:ViaService`; no `aws:SourceIp`, `aws:UserAgent`, `aws:Referer`.",
        "IAM's reference of its global condition keys, for forward access sessions.",
        "`CUSTOM_LABELS_AUTH`",
    ),
    Choice(
        "Tags of one resource or request whose names differ in case alone",
        "The condition keys `aws:ResourceTag/…` and `aws:RequestTag/…` of these names are absent. Such tags of users "
        "and roles are refused in the file, those of a session by AssumeRole.",
        "IAM's reference: a condition matches a tag of either name, but not both.",
        "`CUSTOM_LABELS_AUTH`",
    ),
    Choice(
        "NotPrincipal with Deny that names a user or role without its account",
        "Spares it. An account that is named spares its root alone, and whoever has a permissions boundary is never "
        "spared.",
        "IAM's reference says that the account has to be named as well, and that otherwise the policy may deny it.",
        "`CUSTOM_LABELS_AUTH`",
    ),
    Choice(
        "The resource that CreateProject is checked against",
        "The ARN of the project to be made. So `*` allows it, and so does `project/NAME/*`.",
        "The service authorization reference knows no resource for it (`*`); the guide's own policy (SE-2) allows and "
        "denies it by the project's name. Both come out right this way.",
        "`CUSTOM_LABELS_AUTH`",
    ),
    Choice(
        "What TagResource is checked against when something is made with tags",
        "The ARN of what is to be made.",
        "The reference asks for TagResource beside the operation, and names the types of resources, not which one.",
        "`CUSTOM_LABELS_AUTH`",
    ),
    Choice(
        "The source project of a copy into another account",
        "Its own policies decide about the version alone; the caller's policies must allow both.",
        "A project policy names versions only (CP-7).",
    ),
    Choice(
        "An ARN of another account in a call other than CopyProjectVersion",
        "AccessDeniedException where identities are known, ResourceNotFoundException otherwise.",
        "No policy of a project could allow it.",
        "`CUSTOM_LABELS_AUTH`",
    ),
    Choice(
        "Conditions of bucket and project policies without identities",
        "Evaluated as far as the account, the time and the request tell. One about the caller's identity counts as met "
        "in an Allow and as not met in a Deny.",
        "A policy written for users and roles should not lock out a caller of whom only the account is known.",
        "`CUSTOM_LABELS_AUTH`",
    ),
    Choice(
        "`AmazonRekognitionCustomLabelsFullAccess` and `AmazonS3ReadOnlyAccess`",
        "Documents of our own: the 23 operations on everything and the guide's rights to buckets on `*custom-labels*`; "
        "`s3:Get*` and `s3:List*` on everything.",
        "Written from what is said of them (S-8); AWS's own have more services in them.",
    ),
    Choice(
        "`KmsKeyId` of a training or a copy, where a file of identities says which keys there are",
        "A key that is missing, disabled, pending deletion or of another Region answers InvalidParameterException; "
        "where callers have rights, AccessDeniedException without kms:DescribeKey or kms:CreateGrant. Otherwise it is "
        "stored and shown. Without a file every key is taken to be there.",
        "The guide names the rights (S-12); which error answers is not known.",
        "`CUSTOM_LABELS_IDENTITIES`, `CUSTOM_LABELS_AUTH`",
    ),
    Choice(
        "Images and manifests under SSE-KMS, where a file of identities says which keys there are",
        "The key must be there, enabled and in the Region, and, where callers have rights, reading needs kms:Decrypt, "
        "writing kms:GenerateDataKey; else an object is as one that may not be read: the messages of E-4, TE-4 and "
        "TE-8, InvalidS3ObjectException. An id or alias without an ARN means a key of whoever wrote the object.",
        "S-11 names both rights.",
        "`CUSTOM_LABELS_IDENTITIES`, `CUSTOM_LABELS_AUTH`",
    ),
    Choice(
        "Whose rights a training, a copy or an ingest has",
        "Those of whoever asked, both as they were then and as they are when the work begins (a training's once more "
        "when its turn has come). What is refused at either moment ends the work, as E-4, TE-4, TE-5 and TE-8 say, and "
        "a copy as COPYING_FAILED; the call itself is answered. The results of a copied model are read as the "
        "service's own.",
        "S-9. The guide has these as ends of the work, not as errors of the call.",
        "`CUSTOM_LABELS_AUTH`",
    ),
    Choice(
        "Policies that are refused when they are read",
        "Unknown operators, elements written twice, values that no request can have (`NumericEquals` of a word), "
        "variables that do not end; every problem names its statement and element.",
        "IAM's validator warns of some of these and stores the policy; a policy that never matches is a mistake.",
    ),
    Choice(
        "An ARN as pattern",
        "A star stays within its field of the ARN (the first five end with a colon), missing fields at the end match "
        "everything.",
        "IAM's reference of the element Resource.",
    ),
)

"""Object keys of a training's result files (api-facts §3.5)."""

from __future__ import annotations

from enum import StrEnum


class ResultKind(StrEnum):
    """The six files; the value is the first part of the file's name. All end in .json, also the JSON Lines ones."""

    EVALUATION_SUMMARY = "EvaluationResultSummary"
    MANIFEST_SUMMARY = "ManifestSummary"
    TRAINING_SNAPSHOT = "TrainingGroundTruth"
    TESTING_SNAPSHOT = "TestingGroundTruth"
    TRAINING_VALIDATION = "TrainingManifestWithValidation"
    TESTING_VALIDATION = "TestingManifestWithValidation"


def result_keys(prefix: str | None, project_name: str, version_name: str) -> dict[str, str]:
    """`<prefix>/<Kind>-<project>-<version>.json` by kind (a ResultKind, or its text).

    Without a prefix there is no leading slash. A prefix that ends in slashes gives the same keys as one without them
    (AWS's behaviour is unknown: this way `out` and `out/` name the same folder).
    """
    folder = (prefix or "").rstrip("/")
    start = f"{folder}/" if folder else ""
    return {kind: f"{start}{kind.value}-{project_name}-{version_name}.json" for kind in ResultKind}

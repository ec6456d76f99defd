"""The whole life of a model through boto3 on drawn pictures: what each state describes, and what a training leaves."""

from __future__ import annotations

import struct
import time
from datetime import datetime
from functools import partial
from typing import Any

import pytest

from support import results
from support.pictures import (
    SEVERAL_LABELS,
    SINGLE_LABELS,
    draw_picture,
    image_level_manifest,
    single_label_pictures,
)
from support.projects import Project, error_code, new_project, unique_name
from support.server import EmulatorProcess, wait_until

DESCRIBED_AFTER_TRAINING = {
    "BillableTrainingTimeInSeconds",
    "CreationTimestamp",
    "EvaluationResult",
    "ManifestSummary",
    "OutputConfig",
    "ProjectVersionArn",
    "Status",
    "StatusMessage",
    "TestingDataResult",
    "TrainingDataResult",
    "TrainingEndTimestamp",
}
KNOWN_ONLY_AFTER_TRAINING = {
    "BillableTrainingTimeInSeconds",
    "EvaluationResult",
    "ManifestSummary",
    "TrainingEndTimestamp",
    "MinInferenceUnits",
    "MaxInferenceUnits",
}


def milliseconds(moment: datetime) -> int:
    """A datetime as epoch milliseconds."""
    return round(moment.timestamp() * 1000)


def float32(value: float) -> float:
    """The nearest single-precision number."""
    rounded: float = struct.unpack("f", struct.pack("f", value))[0]
    return rounded


def test_life_of_a_single_label_model(emulator: EmulatorProcess, account: str) -> None:
    project = new_project(emulator, account)
    check_new_project(project)
    project.create_dataset("TRAIN", single_label_pictures(SINGLE_LABELS, 8))
    test_arn = project.create_dataset("TEST", single_label_pictures(SINGLE_LABELS, 4, seed=500))
    check_datasets(project, test_arn)

    arn = project.start_training(Tags={})
    check_training(project, arn)
    assert project.wait_version("first", "TRAINING_COMPLETED", "TRAINING_FAILED")["Status"] == "TRAINING_COMPLETED"
    check_trained(project, arn)
    check_running(project, arn)
    check_deletes(project, arn)


def check_new_project(project: Project) -> None:
    [described] = project.rekognition.describe_projects(ProjectNames=[project.name])["ProjectDescriptions"]
    assert set(described) == {"ProjectArn", "CreationTimestamp", "Status", "Datasets"}
    assert (described["Status"], described["Datasets"]) == ("CREATED", [])
    assert milliseconds(described["CreationTimestamp"]) == int(project.arn.rpartition("/")[2])


def check_datasets(project: Project, test_arn: str) -> None:
    [described] = project.rekognition.describe_projects(ProjectNames=[project.name])["ProjectDescriptions"]
    by_type = {dataset["DatasetType"]: dataset for dataset in described["Datasets"]}
    assert set(by_type) == {"TRAIN", "TEST"}
    created_message = "The dataset was successfully created from the manifest file."
    for dataset in by_type.values():
        assert (dataset["Status"], dataset["StatusMessageCode"]) == ("CREATE_COMPLETE", "SUCCESS")
        assert dataset["StatusMessage"] == created_message
    assert by_type["TEST"]["DatasetArn"] == test_arn
    described = project.describe_dataset(test_arn)
    assert described["DatasetStats"] == {"TotalEntries": 8, "LabeledEntries": 8, "TotalLabels": 2, "ErrorEntries": 0}
    created = milliseconds(described["CreationTimestamp"])
    assert 0 <= created - int(test_arn.rpartition("/")[2]) <= 500, "the ARN is at most a little older (§2.4)"


def check_training(project: Project, arn: str) -> None:
    described = project.describe_version("first")
    assert (described["Status"], described["StatusMessage"]) == ("TRAINING_IN_PROGRESS", "The model is being trained.")
    assert described["ProjectVersionArn"] == arn
    assert milliseconds(described["CreationTimestamp"]) == int(arn.rpartition("/")[2])
    assert described["OutputConfig"] == {"S3Bucket": project.bucket, "S3KeyPrefix": "results"}
    assert not KNOWN_ONLY_AFTER_TRAINING & set(described)
    assert "Output" not in described.get("TrainingDataResult", {})
    picture = draw_picture(["circle"], seed=900).body
    ask = {"ProjectVersionArn": arn, "Image": {"Bytes": picture}}
    assert error_code(project.rekognition.detect_custom_labels, **ask) == "ResourceNotReadyException"


def location(project: Project, kind: str) -> dict[str, Any]:
    return {"S3Object": {"Bucket": project.bucket, "Name": f"results/{kind}-{project.name}-first.json"}}


def manifest_assets(project: Project, kind: str) -> dict[str, Any]:
    return {"Assets": [{"GroundTruthManifest": location(project, kind)}]}


def check_trained(project: Project, arn: str) -> None:
    described = project.describe_version("first")
    assert set(described) == DESCRIBED_AFTER_TRAINING
    assert described["StatusMessage"] == "The model is ready to run."
    assert described["TrainingEndTimestamp"] > described["CreationTimestamp"]
    assert described["EvaluationResult"]["Summary"] == location(project, "EvaluationResultSummary")
    assert described["ManifestSummary"] == location(project, "ManifestSummary")
    assert described["TrainingDataResult"] == {
        "Input": {},
        "Output": manifest_assets(project, "TrainingGroundTruth"),
        "Validation": manifest_assets(project, "TrainingManifestWithValidation"),
    }
    assert described["TestingDataResult"] == {
        "Input": {"AutoCreate": False},
        "Output": manifest_assets(project, "TestingGroundTruth") | {"AutoCreate": False},
        "Validation": manifest_assets(project, "TestingManifestWithValidation"),
    }
    stored = project.s3.list_objects_v2(Bucket=project.bucket, Prefix="results/")["Contents"]
    expected = {f"results/{kind}-{project.name}-first.json" for kind in results.KINDS}
    assert {entry["Key"] for entry in stored} == expected
    summary = results.result_json(project, "EvaluationResultSummary")
    assert summary["EvaluationDetails"]["ProjectVersionArn"] == arn
    assert summary["AggregatedEvaluationResults"]["F1Score"] == pytest.approx(described["EvaluationResult"]["F1Score"])
    assert described["EvaluationResult"]["F1Score"] >= 0.8


def check_running(project: Project, arn: str) -> None:
    started = project.rekognition.start_project_version(ProjectVersionArn=arn, MinInferenceUnits=1)
    assert started["Status"] == "STARTING"
    assert project.describe_version("first")["Status"] in {"STARTING", "RUNNING"}
    described = project.wait_version("first", "RUNNING", "FAILED")
    assert set(described) == DESCRIBED_AFTER_TRAINING | {"MinInferenceUnits"}
    image = {"Bytes": draw_picture(["square"], seed=901, kind="JPEG").body}
    answer = project.rekognition.detect_custom_labels(ProjectVersionArn=arn, Image=image)
    assert [label["Name"] for label in answer["CustomLabels"]] == ["square"]
    assert project.rekognition.stop_project_version(ProjectVersionArn=arn)["Status"] == "STOPPING"
    assert project.describe_version("first")["Status"] in {"STOPPING", "STOPPED"}
    project.wait_version("first", "STOPPED")
    ask = {"ProjectVersionArn": arn, "Image": image}
    assert error_code(project.rekognition.detect_custom_labels, **ask) == "ResourceNotReadyException"


def check_deletes(project: Project, arn: str) -> None:
    rekognition = project.rekognition
    assert error_code(rekognition.delete_project, ProjectArn=project.arn) == "ResourceInUseException"
    assert rekognition.delete_project_version(ProjectVersionArn=arn)["Status"] == "DELETING"
    named = {"ProjectArn": project.arn, "VersionNames": ["first"]}
    wait_until(
        lambda: not rekognition.describe_project_versions(**named)["ProjectVersionDescriptions"],
        what="deletion of the version",
    )
    assert results.result_json(project, "EvaluationResultSummary"), "results stay in S3"
    assert error_code(rekognition.delete_project, ProjectArn=project.arn) == "ResourceInUseException"
    for dataset in project.dataset_arns.values():
        rekognition.delete_dataset(DatasetArn=dataset)
        wait_until(partial(dataset_is_gone, project, dataset), what="deletion of a dataset")
    assert rekognition.delete_project(ProjectArn=project.arn)["Status"] == "DELETING"
    wait_until(
        lambda: not rekognition.describe_projects(ProjectNames=[project.name])["ProjectDescriptions"],
        what="deletion of the project",
    )
    assert error_code(rekognition.describe_project_versions, ProjectArn=project.arn) == "ResourceNotFoundException"


def dataset_is_gone(project: Project, arn: str) -> bool:
    try:
        assert project.describe_dataset(arn)["Status"] == "DELETE_IN_PROGRESS"
    except project.rekognition.exceptions.ResourceNotFoundException:
        return True
    return False


@pytest.mark.parametrize("kind", ["single", "several"])
def test_evaluation_summary_agrees_with_the_snapshot(
    kind: str, single_label_project: Project, running_project: Project
) -> None:
    """ME-5, ES-2, SN-2: means are unweighted, labels sorted, and the flags follow from the thresholds."""
    project, labels, tested, trained = {
        "single": (single_label_project, SINGLE_LABELS, 8, 16),
        "several": (running_project, SEVERAL_LABELS, 12, 30),
    }[kind]
    summary = results.result_json(project, "EvaluationResultSummary")
    snapshot = results.result_lines(project, "TestingGroundTruth")
    details = summary["EvaluationDetails"]
    assert summary["Version"] == 1
    assert (details["NumberOfTestingImages"], details["NumberOfTrainingImages"]) == (tested, trained)
    assert sorted(details["Labels"]) == sorted(labels)
    by_label = {result["Label"]: result for result in summary["LabelEvaluationResults"]}
    assert set(by_label) == set(labels)
    for label, result in by_label.items():
        threshold = result["Metrics"]["Threshold"]
        assert 0 < threshold < 1
        assert threshold == float32(threshold)
        assert result["NumberOfTestingImages"] == sum(label in results.ground_truth(line) for line in snapshot)
    scores = [result["Metrics"]["F1Score"] for result in summary["LabelEvaluationResults"]]
    assert scores == sorted(scores, reverse=True)
    aggregated = summary["AggregatedEvaluationResults"]
    for name in ("F1Score", "Precision", "Recall"):
        mean = sum(result["Metrics"][name] for result in by_label.values()) / len(by_label)
        assert aggregated[name] == pytest.approx(mean)
    check_flags(snapshot, {label: result["Metrics"]["Threshold"] for label, result in by_label.items()})


def test_where_images_have_several_labels_the_flags_give_the_metrics(running_project: Project) -> None:
    """ME-4, SN-3: what an image has and what was found without being there is listed."""
    counted = results.metrics_of_snapshot(results.result_lines(running_project, "TestingGroundTruth"))
    summary = results.result_json(running_project, "EvaluationResultSummary")
    for result in summary["LabelEvaluationResults"]:
        metrics = counted[result["Label"]]
        assert {name: result["Metrics"][name] for name in metrics} == pytest.approx(metrics)


def check_flags(snapshot: list[dict[str, Any]], thresholds: dict[str, float]) -> None:
    """SN-3: the flags follow from the confidence, the label's threshold and the ground truth."""
    for line in snapshot:
        truth = results.ground_truth(line)
        for prediction in results.predictions(line):
            details, label = prediction[results.DETAILS], prediction["class-name"]
            present, predicted = label in truth, prediction["confidence"] >= thresholds[label] - 1e-5
            assert details["is-present-in-ground-truth"] is present
            assert details["is-true-positive"] is (present and predicted)
            assert details["is-false-negative"] is (present and not predicted)
            assert prediction["human-annotated"] == "no"
            assert prediction["type"] == "groundtruth/image-classification"
            assert prediction["job-name"] == "rekognition-custom-labels-evaluation-job"


def test_confusion_matrix_columns_add_up(single_label_project: Project) -> None:
    """O-28: every ground-truth column adds up to 1."""
    summary = results.result_json(single_label_project, "EvaluationResultSummary")
    columns = dict.fromkeys(SINGLE_LABELS, 0.0)
    for cell in summary["AggregatedEvaluationResults"]["ConfusionMatrix"]:
        assert cell["PredictedLabel"] in SINGLE_LABELS
        columns[cell["GroundTruthLabel"]] += cell["Value"]
    assert columns == pytest.approx(dict.fromkeys(SINGLE_LABELS, 1.0))


def test_manifest_summary_and_validation_manifests(single_label_project: Project) -> None:
    """MS-1 to MS-4: all lines valid; the validation manifests repeat the lines without errors (VR-1)."""
    summary = results.result_json(single_label_project, "ManifestSummary")
    assert summary["errors"] == []
    for part, count, kind in (("training", 16, "Training"), ("testing", 8, "Testing")):
        assert summary["statistics"][part] == {
            "use_case": "IMAGE_LEVEL_LABELS",
            "total_json_lines": count,
            "valid_json_lines": count,
            "invalid_json_lines": 0,
            "ignored_json_lines": 0,
            "error_json_line_indices": [],
            "errors": [],
        }
        lines = results.result_lines(single_label_project, f"{kind}ManifestWithValidation")
        assert len(lines) == count
        assert not any({"errors", "warnings", "cl-errors"} & set(line) for line in lines)
        assert all(line["shape0-metadata"]["class-name"] in SINGLE_LABELS for line in lines)


def test_training_snapshot_renames_the_attributes(single_label_project: Project) -> None:
    """SN-4: ground truth appears as rekognition-custom-labels-training-0 under the service's job name."""
    lines = results.result_lines(single_label_project, "TrainingGroundTruth")
    assert len(lines) == 16
    for line in lines:
        metadata = line["rekognition-custom-labels-training-0-metadata"]
        assert metadata["job-name"] == "rekognition-custom-labels-training-job"
        assert metadata["class-name"] in line["source-ref"]
        assert metadata["type"] == "groundtruth/image-classification"


def test_default_waiters_return_seconds_after_the_state_changes(emulator: EmulatorProcess, account: str) -> None:
    """O-18: with their default delays of 120 s and 30 s the waiters end with the work."""
    project = new_project(emulator, account)
    project.create_dataset("TRAIN", single_label_pictures(SINGLE_LABELS, 5))
    project.create_dataset("TEST", single_label_pictures(SINGLE_LABELS, 2, seed=500))
    arn = project.start_training()
    named = {"ProjectArn": project.arn, "VersionNames": ["first"]}
    project.rekognition.get_waiter("project_version_training_completed").wait(**named)
    returned = time.time()
    assert returned - project.describe_version("first")["TrainingEndTimestamp"].timestamp() < 100
    project.rekognition.start_project_version(ProjectVersionArn=arn, MinInferenceUnits=1)
    started = time.time()
    project.rekognition.get_waiter("project_version_running").wait(**named)
    assert time.time() - started < 29
    project.stop_model()


def test_training_from_external_manifests(emulator: EmulatorProcess, account: str) -> None:
    """T-2, api-facts §2.11: a project without datasets trains from manifests, and AutoCreate makes the test set."""
    project = new_project(emulator, account)
    project.put_manifest(single_label_pictures(SINGLE_LABELS, 10), "all.manifest", image_level_manifest)
    assets = [{"GroundTruthManifest": {"S3Object": {"Bucket": project.bucket, "Name": "all.manifest"}}}]
    data: dict[str, Any] = {"TrainingData": {"Assets": assets}, "TestingData": {"AutoCreate": True}}
    one_half = {"VersionName": unique_name("v"), "TrainingData": {"Assets": assets}}
    output = {"S3Bucket": project.bucket, "S3KeyPrefix": "results"}
    create = project.rekognition.create_project_version
    refused = error_code(create, ProjectArn=project.arn, OutputConfig=output, **one_half)
    assert refused == "InvalidParameterException"
    project.train("first", **data)
    described = project.describe_version("first")
    assert described["TrainingDataResult"]["Input"] == {"Assets": assets}
    assert described["TestingDataResult"]["Input"]["AutoCreate"] is True
    summary = results.result_json(project, "EvaluationResultSummary")
    assert summary["EvaluationDetails"]["NumberOfTestingImages"] == 4
    assert summary["EvaluationDetails"]["NumberOfTrainingImages"] == 16
    [described_project] = project.rekognition.describe_projects(ProjectNames=[project.name])["ProjectDescriptions"]
    assert described_project["Datasets"] == []


def test_training_without_a_test_dataset_splits_the_training_dataset(emulator: EmulatorProcess, account: str) -> None:
    """O-27: a fifth of the entries moves to a TEST dataset of the project."""
    project = new_project(emulator, account)
    train = project.create_dataset("TRAIN", single_label_pictures(SINGLE_LABELS, 10))
    project.train()
    assert project.describe_dataset(train)["DatasetStats"]["TotalEntries"] == 16
    [described] = project.rekognition.describe_projects(ProjectNames=[project.name])["ProjectDescriptions"]
    [test] = [dataset["DatasetArn"] for dataset in described["Datasets"] if dataset["DatasetType"] == "TEST"]
    assert project.describe_dataset(test)["DatasetStats"]["TotalEntries"] == 4
    entries = [
        entry
        for arn in (train, test)
        for entry in project.rekognition.list_dataset_entries(DatasetArn=arn)["DatasetEntries"]
    ]
    assert len(set(entries)) == 20


def test_training_again_gives_the_same_model(single_label_project: Project) -> None:
    """O-24: the same datasets give the same evaluation, prediction by prediction."""
    project = single_label_project
    arn = project.train("again")
    try:
        first, again = (
            [
                [(each["class-name"], each["confidence"]) for each in results.predictions(line)]
                for line in results.result_lines(project, "TestingGroundTruth", version=version)
            ]
            for version in ("first", "again")
        )
        assert first == again
        metrics = [
            results.result_json(project, "EvaluationResultSummary", version=version)["LabelEvaluationResults"]
            for version in ("first", "again")
        ]
        assert metrics[0] == metrics[1]
    finally:
        project.rekognition.delete_project_version(ProjectVersionArn=arn)

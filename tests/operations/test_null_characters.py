"""U+0000 in members that may have it: stored, or refused by the modelled error, and never a 500."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from support.calls import BUCKET, create_dataset, create_project, put_object, store, until_dataset_is
from support.in_process import InProcessEmulator, play
from support.manifest_lines import line, manifest
from support.stored_model import StoredModel

NULL = "\x00"
LABELS = ["a", f"a{NULL}", f"a{NULL}b", "a\x01"]


def test_labels_with_u_0000_are_found_listed_and_copied(tmp_path: Path) -> None:
    async def story(emulator: InProcessEmulator) -> None:
        project = await create_project(emulator)
        lines = [line(f"i{number}", label) for number, label in enumerate(LABELS)]
        dataset = await create_dataset(emulator, project, *lines)
        listed = await emulator.call("ListDatasetLabels", DatasetArn=dataset)
        counts = {item["LabelName"]: item["LabelStats"]["EntryCount"] for item in listed["DatasetLabelDescriptions"]}
        assert counts == dict.fromkeys(LABELS, 1)
        for number, label in enumerate(LABELS):
            [found] = await entries(emulator, dataset, ContainsLabels=[label])
            assert json.loads(found)["source-ref"] == f"s3://{BUCKET}/i{number}.jpg"
        assert await entries(emulator, dataset, ContainsLabels=[NULL]) == []
        assert await entries(emulator, dataset, SourceRefContains=NULL) == []
        target = await create_project(emulator, "target")
        copied = await emulator.call(
            "CreateDataset", ProjectArn=target, DatasetType="TRAIN", DatasetSource={"DatasetArn": dataset}
        )
        await until_dataset_is(emulator, copied["DatasetArn"], "CREATE_COMPLETE")
        assert len(await entries(emulator, copied["DatasetArn"], ContainsLabels=[LABELS[2]])) == 1

    play(tmp_path, story)


def test_every_other_member_that_may_have_u_0000_is_answered(tmp_path: Path, stored_model: StoredModel) -> None:
    assert stored_model.may_answer.is_set()

    async def story(emulator: InProcessEmulator) -> None:
        project = await create_project(emulator)
        version = store(emulator, project, "stored")
        await put_object(emulator, "a.manifest", manifest(line("a", "x")))
        stray: dict[str, Any] = {"ResourceArn": f"{project}{NULL}"}
        objects = {"Bucket": BUCKET, "Name": f"a{NULL}"}
        source = {"GroundTruthManifest": {"S3Object": objects}}
        output = {"S3Bucket": BUCKET, "S3KeyPrefix": f"p{NULL}"}
        data = {"TrainingData": {"Assets": [source]}, "TestingData": {"AutoCreate": True}}
        answers: dict[str, dict[str, Any]] = {
            "CreateDataset": {"ProjectArn": project, "DatasetType": "TRAIN", "DatasetSource": source},
            "CreateProjectVersion": {"ProjectArn": project, "VersionName": "v", "OutputConfig": output, **data},
            "DetectCustomLabels": {"ProjectVersionArn": version, "Image": {"S3Object": objects}},
            "DescribeProjects": {"NextToken": NULL},
            "TagResource": {**stray, "Tags": {"a": "b"}},
            "UntagResource": {**stray, "TagKeys": ["a"]},
            "ListTagsForResource": stray,
        }
        codes = {operation: await emulator.code(operation, **members) for operation, members in answers.items()}
        assert "InternalServerError" not in codes.values(), codes
        assert codes["DescribeProjects"] == "InvalidPaginationTokenException"
        assert codes["TagResource"] == codes["ListTagsForResource"] == "InvalidParameterException", codes

    play(tmp_path, story)


async def entries(emulator: InProcessEmulator, dataset: str, **filters: Any) -> list[str]:
    """The lines that a filter finds."""
    found: list[str] = (await emulator.call("ListDatasetEntries", DatasetArn=dataset, **filters))["DatasetEntries"]
    return found

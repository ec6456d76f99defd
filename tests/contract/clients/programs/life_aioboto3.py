"""From a folder of photographs to an answer with aioboto3, ten questions at once. Prints one JSON object.

Usage: life_aioboto3.py FOLDER BUCKET PROJECT
"""

import asyncio
import json
import sys
from importlib.metadata import version as version_of
from pathlib import Path

import aioboto3


async def main(folder, bucket, name):
    session = aioboto3.Session()
    async with session.client("s3") as s3, session.client("rekognition") as rekognition:
        await s3.create_bucket(Bucket=bucket)
        await asyncio.gather(*(s3.upload_file(str(path), bucket, path.name) for path in folder.iterdir()))
        project = (await rekognition.create_project(ProjectName=name))["ProjectArn"]
        for kind in ("train", "test"):
            source = {"GroundTruthManifest": {"S3Object": {"Bucket": bucket, "Name": f"{kind}.manifest"}}}
            created = await rekognition.create_dataset(
                ProjectArn=project, DatasetType=kind.upper(), DatasetSource=source
            )
            status = "CREATE_IN_PROGRESS"
            while status == "CREATE_IN_PROGRESS":
                described = await rekognition.describe_dataset(DatasetArn=created["DatasetArn"])
                status = described["DatasetDescription"]["Status"]
        output = {"S3Bucket": bucket, "S3KeyPrefix": "results"}
        created = await rekognition.create_project_version(ProjectArn=project, VersionName="first", OutputConfig=output)
        version, named = created["ProjectVersionArn"], {"ProjectArn": project, "VersionNames": ["first"]}
        await rekognition.get_waiter("project_version_training_completed").wait(**named)
        await rekognition.start_project_version(ProjectVersionArn=version, MinInferenceUnits=1)
        await rekognition.get_waiter("project_version_running").wait(**named)
        [described] = (await rekognition.describe_project_versions(**named))["ProjectVersionDescriptions"]
        image = {"Bytes": (folder / "new.png").read_bytes()}
        questions = [
            rekognition.detect_custom_labels(ProjectVersionArn=version, Image=image, MinConfidence=0) for _ in range(10)
        ]
        answers = await asyncio.gather(*questions)
        await rekognition.stop_project_version(ProjectVersionArn=version)
    [first, *others] = [[label["Name"] for label in answer["CustomLabels"]] for answer in answers]
    assert all(labels == first for labels in others)
    result = {"version": version_of("aioboto3"), "status": described["Status"], "labels": first, "of_object": first}
    print(json.dumps(result))


asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))

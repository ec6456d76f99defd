"""From a folder of photographs to an answer, with whatever boto3 this interpreter has. Prints one JSON object.

Usage: life_boto3.py FOLDER BUCKET PROJECT
"""

import json
import os
import sys
import time
from pathlib import Path

import boto3

folder, bucket, name = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
# boto3 before 1.28 does not read AWS_ENDPOINT_URL.
endpoint = {"endpoint_url": os.environ["ENDPOINT"]} if "ENDPOINT" in os.environ else {}
s3, rekognition = boto3.client("s3", **endpoint), boto3.client("rekognition", **endpoint)

s3.create_bucket(Bucket=bucket)
for path in sorted(folder.iterdir()):
    s3.upload_file(str(path), bucket, path.name)
project = rekognition.create_project(ProjectName=name)["ProjectArn"]
for kind in ("train", "test"):
    source = {"GroundTruthManifest": {"S3Object": {"Bucket": bucket, "Name": f"{kind}.manifest"}}}
    dataset = rekognition.create_dataset(ProjectArn=project, DatasetType=kind.upper(), DatasetSource=source)[
        "DatasetArn"
    ]
    while rekognition.describe_dataset(DatasetArn=dataset)["DatasetDescription"]["Status"] == "CREATE_IN_PROGRESS":
        time.sleep(1)
version = rekognition.create_project_version(
    ProjectArn=project, VersionName="first", OutputConfig={"S3Bucket": bucket, "S3KeyPrefix": "results"}
)["ProjectVersionArn"]
named = {"ProjectArn": project, "VersionNames": ["first"]}
rekognition.get_waiter("project_version_training_completed").wait(**named)
rekognition.start_project_version(ProjectVersionArn=version, MinInferenceUnits=1)
rekognition.get_waiter("project_version_running").wait(**named)
[described] = rekognition.describe_project_versions(**named)["ProjectVersionDescriptions"]
image = {"Bytes": (folder / "new.png").read_bytes()}
answer = rekognition.detect_custom_labels(ProjectVersionArn=version, Image=image, MinConfidence=0)
stored = {"S3Object": {"Bucket": bucket, "Name": "new.png"}}
again = rekognition.detect_custom_labels(ProjectVersionArn=version, Image=stored, MinConfidence=0)
rekognition.stop_project_version(ProjectVersionArn=version)
print(
    json.dumps(
        {
            "version": boto3.__version__,
            "status": described["Status"],
            "labels": [label["Name"] for label in answer["CustomLabels"]],
            "of_object": [label["Name"] for label in again["CustomLabels"]],
        }
    )
)

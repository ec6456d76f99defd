"""Create a dataset from a manifest in S3. A dataset that fails ends the program with an exception, as in the guide."""

import argparse
import time

import boto3
from botocore.exceptions import ClientError


def create_dataset(rekognition, project_arn, dataset_type, bucket, manifest_file):
    dataset_type = dataset_type.upper()
    print(f"Creating {dataset_type} dataset for project {project_arn}")
    source = {"GroundTruthManifest": {"S3Object": {"Bucket": bucket, "Name": manifest_file}}}
    response = rekognition.create_dataset(ProjectArn=project_arn, DatasetType=dataset_type, DatasetSource=source)
    dataset_arn = response["DatasetArn"]
    print(f"New dataset ARN: {dataset_arn}")
    while True:
        description = rekognition.describe_dataset(DatasetArn=dataset_arn)["DatasetDescription"]
        status = description["Status"]
        if status == "CREATE_IN_PROGRESS":
            print("Dataset creation in progress")
            time.sleep(5)
            continue
        if status == "CREATE_COMPLETE":
            print("Dataset created")
            return dataset_arn
        if status == "CREATE_FAILED":
            raise Exception(f"Dataset creation failed: {description['StatusMessage']}")
        raise Exception(f"Dataset creation ended in an unexpected status: {status}")


def main():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS)
    parser.add_argument("project_arn")
    parser.add_argument("dataset_type")
    parser.add_argument("bucket")
    parser.add_argument("manifest_file")
    arguments = parser.parse_args()
    try:
        session = boto3.Session(profile_name="custom-labels-access")
        dataset_arn = create_dataset(
            session.client("rekognition"),
            arguments.project_arn,
            arguments.dataset_type,
            arguments.bucket,
            arguments.manifest_file,
        )
        print(f"Finished creating dataset: {dataset_arn}")
    except ClientError as error:
        print(f"Problem creating dataset: {error.response['Error']['Message']}")


if __name__ == "__main__":
    main()

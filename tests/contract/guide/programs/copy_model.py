"""Copy a version to another project and wait for the end, asking every minute."""

import argparse
import time

import boto3
from botocore.exceptions import ClientError


def copy_model(rekognition, arguments):
    bucket, _, prefix = arguments.training_results.replace("s3://", "", 1).partition("/")
    response = rekognition.copy_project_version(
        DestinationProjectArn=arguments.destination_project_arn,
        OutputConfig={"S3Bucket": bucket, "S3KeyPrefix": prefix},
        SourceProjectArn=arguments.source_project_arn,
        SourceProjectVersionArn=arguments.source_project_version_arn,
        VersionName=arguments.destination_version_name,
    )
    print(f"Copy started: {response['ProjectVersionArn']}")
    while True:
        described = rekognition.describe_project_versions(
            ProjectArn=arguments.destination_project_arn, VersionNames=[arguments.destination_version_name]
        )
        copy = described["ProjectVersionDescriptions"][0]
        if copy["Status"] != "COPYING_IN_PROGRESS":
            break
        print("Model copying in progress")
        time.sleep(60)
    if copy["Status"] == "COPYING_COMPLETED":
        print("Model copied")
    elif copy["Status"] == "COPYING_FAILED":
        print(f"Model copy failed: {copy['StatusMessage']}")
    else:
        print(f"Unexpected status: {copy['Status']}")


def main():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS)
    parser.add_argument("source_project_arn")
    parser.add_argument("source_project_version_arn")
    parser.add_argument("destination_project_arn")
    parser.add_argument("destination_version_name")
    parser.add_argument("training_results")
    arguments = parser.parse_args()
    try:
        session = boto3.Session(profile_name="custom-labels-access")
        copy_model(session.client("rekognition"), arguments)
        print(f"Finished copying model: {arguments.destination_version_name}")
    except ClientError as error:
        print(f"Problem copying model: {error.response['Error']['Message']}")


if __name__ == "__main__":
    main()

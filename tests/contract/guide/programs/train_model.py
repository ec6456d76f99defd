"""Train a version and wait for the end with the SDK's waiter at its default delay."""

import argparse

import boto3
from botocore.exceptions import ClientError, WaiterError


def train_model(rekognition, arguments):
    tags = {}
    if arguments.tag_name is not None and arguments.tag_value is not None:
        tags = {arguments.tag_name: arguments.tag_value}
    response = rekognition.create_project_version(
        ProjectArn=arguments.project_arn,
        VersionName=arguments.version_name,
        OutputConfig={"S3Bucket": arguments.output_bucket, "S3KeyPrefix": arguments.output_folder},
        Tags=tags,
    )
    print(f"Started training: {response['ProjectVersionArn']}")
    waiter = rekognition.get_waiter("project_version_training_completed")
    waiter.wait(ProjectArn=arguments.project_arn, VersionNames=[arguments.version_name])
    described = rekognition.describe_project_versions(
        ProjectArn=arguments.project_arn, VersionNames=[arguments.version_name]
    )
    for model in described["ProjectVersionDescriptions"]:
        print(f"Status: {model['Status']}")
        print(f"Message: {model['StatusMessage']}")


def main():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS)
    parser.add_argument("project_arn")
    parser.add_argument("version_name")
    parser.add_argument("output_bucket")
    parser.add_argument("output_folder")
    parser.add_argument("--tag_name", required=False)
    parser.add_argument("--tag_value", required=False)
    arguments = parser.parse_args()
    try:
        session = boto3.Session(profile_name="custom-labels-access")
        train_model(session.client("rekognition"), arguments)
        print(f"Finished training model: {arguments.version_name}")
    except (ClientError, WaiterError) as error:
        print(f"Problem training model: {error}")


if __name__ == "__main__":
    main()

"""Create a project and print its ARN."""

import argparse

import boto3
from botocore.exceptions import ClientError


def create_project(rekognition, project_name):
    response = rekognition.create_project(ProjectName=project_name)
    return response["ProjectArn"]


def main():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS)
    parser.add_argument("project_name")
    arguments = parser.parse_args()
    try:
        session = boto3.Session(profile_name="custom-labels-access")
        print(f"Creating project: {arguments.project_name}")
        arn = create_project(session.client("rekognition"), arguments.project_name)
        print(f"Finished creating project: {arguments.project_name}")
        print(f"ARN: {arn}")
    except ClientError as error:
        print(f"Problem creating project: {error.response['Error']['Message']}")


if __name__ == "__main__":
    main()

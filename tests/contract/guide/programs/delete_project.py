"""Delete a project and wait until it is no longer listed."""

import argparse
import time

import boto3
from botocore.exceptions import ClientError


def find_between(text, start, end):
    return text.split(start, 1)[1].split(end, 1)[0]


def delete_project(rekognition, project_arn):
    response = rekognition.delete_project(ProjectArn=project_arn)
    print(f"Status: {response['Status']}")
    project_name = find_between(project_arn, "/", "/")
    deleted = False
    while not deleted:
        descriptions = rekognition.describe_projects(ProjectNames=[project_name])["ProjectDescriptions"]
        if len(descriptions) == 0:
            deleted = True
        else:
            print("Waiting for project deletion")
            time.sleep(5)
    print(f"Project {project_name} deleted")


def main():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS)
    parser.add_argument("project_arn")
    arguments = parser.parse_args()
    try:
        session = boto3.Session(profile_name="custom-labels-access")
        delete_project(session.client("rekognition"), arguments.project_arn)
        print(f"Finished deleting project: {arguments.project_arn}")
    except ClientError as error:
        print(f"Problem deleting project: {error.response['Error']['Message']}")


if __name__ == "__main__":
    main()

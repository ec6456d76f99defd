"""Print every project, or one by name, with its datasets."""

import argparse

import boto3
from botocore.exceptions import ClientError


def display_project(project):
    print(f"Project: {project['ProjectArn']}")
    print(f"Status: {project['Status']}")
    if len(project["Datasets"]) == 0:
        print("\tNo datasets")
    for dataset in project["Datasets"]:
        print(f"\tDataset type: {dataset['DatasetType']}")
        print(f"\tDataset ARN: {dataset['DatasetArn']}")
        print(f"\tCreated: {dataset['CreationTimestamp']}")
        print(f"\tStatus: {dataset['Status']}")
        print(f"\tStatus message: {dataset['StatusMessage']}")
        print(f"\tStatus code: {dataset['StatusMessageCode']}")


def describe_projects(rekognition, project_name):
    if project_name:
        response = rekognition.describe_projects(ProjectNames=[project_name])
    else:
        response = rekognition.describe_projects()
    projects = response["ProjectDescriptions"]
    if len(projects) == 0:
        print("Project(s) not found.")
    for project in projects:
        display_project(project)


def main():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS)
    parser.add_argument("--project_name", required=False)
    arguments = parser.parse_args()
    try:
        session = boto3.Session(profile_name="custom-labels-access")
        describe_projects(session.client("rekognition"), arguments.project_name)
        print("Finished describing projects")
    except ClientError as error:
        print(f"Problem describing projects: {error.response['Error']['Message']}")


if __name__ == "__main__":
    main()

"""Print the policies of a project, five at a time."""

import argparse

import boto3
from botocore.exceptions import ClientError


def list_project_policies(rekognition, project_arn):
    next_token = ""
    finished = False
    while not finished:
        response = rekognition.list_project_policies(ProjectArn=project_arn, MaxResults=5, NextToken=next_token)
        for policy in response["ProjectPolicies"]:
            print(f"Policy: {policy['PolicyName']}")
            print(f"Project ARN: {policy['ProjectArn']}")
            print(f"Document: {policy['PolicyDocument']}")
            print(f"Revision: {policy['PolicyRevisionId']}")
        if "NextToken" in response:
            next_token = response["NextToken"]
        else:
            finished = True


def main():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS)
    parser.add_argument("project_arn")
    arguments = parser.parse_args()
    try:
        session = boto3.Session(profile_name="custom-labels-access")
        list_project_policies(session.client("rekognition"), arguments.project_arn)
        print("Finished listing policies")
    except ClientError as error:
        print(f"Problem listing policies: {error.response['Error']['Message']}")


if __name__ == "__main__":
    main()

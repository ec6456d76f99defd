"""Detach a policy from a project after a confirmation."""

import argparse

import boto3
from botocore.exceptions import ClientError


def delete_project_policy(rekognition, policy_name, project_arn, revision_id):
    parameters = {"PolicyName": policy_name, "ProjectArn": project_arn}
    if revision_id:
        parameters["PolicyRevisionId"] = revision_id
    rekognition.delete_project_policy(**parameters)


def main():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS)
    parser.add_argument("policy_name")
    parser.add_argument("project_arn")
    parser.add_argument("--policy_revision_id", required=False)
    arguments = parser.parse_args()
    if input("Enter 'delete' to delete the policy: ") != "delete":
        print("Not deleting the policy.")
        return
    try:
        session = boto3.Session(profile_name="custom-labels-access")
        delete_project_policy(
            session.client("rekognition"), arguments.policy_name, arguments.project_arn, arguments.policy_revision_id
        )
        print(f"Finished deleting policy: {arguments.policy_name}")
    except ClientError as error:
        print(f"Problem deleting policy: {error.response['Error']['Message']}")


if __name__ == "__main__":
    main()

"""Attach a policy from a local file to a project."""

import argparse
import json
from pathlib import Path

import boto3
from botocore.exceptions import ClientError


def put_project_policy(rekognition, project_arn, policy_name, policy_file, revision_id):
    document = json.dumps(json.loads(Path(policy_file).read_text()))
    parameters = {"ProjectArn": project_arn, "PolicyName": policy_name, "PolicyDocument": document}
    if revision_id:
        parameters["PolicyRevisionId"] = revision_id
    response = rekognition.put_project_policy(**parameters)
    print(f"Revision: {response['PolicyRevisionId']}")


def main():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS)
    parser.add_argument("project_arn")
    parser.add_argument("policy_name")
    parser.add_argument("policy_file")
    parser.add_argument("--policy_revision_id", required=False)
    arguments = parser.parse_args()
    try:
        session = boto3.Session(profile_name="custom-labels-access")
        put_project_policy(
            session.client("rekognition"),
            arguments.project_arn,
            arguments.policy_name,
            arguments.policy_file,
            arguments.policy_revision_id,
        )
        print(f"Finished putting policy: {arguments.policy_name}")
    except ClientError as error:
        print(f"Problem putting policy: {error.response['Error']['Message']}")


if __name__ == "__main__":
    main()

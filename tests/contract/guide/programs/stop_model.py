"""Stop a version and wait until it is stopped."""

import argparse
import time

import boto3
from botocore.exceptions import ClientError


def get_version_name(model_arn):
    return model_arn.split("version/", 1)[1].rpartition("/")[0]


def stop_model(rekognition, project_arn, model_arn):
    response = rekognition.stop_project_version(ProjectVersionArn=model_arn)
    print(f"Status: {response['Status']}")
    version_name = get_version_name(model_arn)
    while True:
        described = rekognition.describe_project_versions(ProjectArn=project_arn, VersionNames=[version_name])
        model = described["ProjectVersionDescriptions"][0]
        print(f"Status: {model['Status']} Message: {model['StatusMessage']}")
        if model["Status"] == "STOPPING":
            time.sleep(10)
            continue
        if model["Status"] == "STOPPED":
            return model["Status"]
        raise Exception(f"The model ended in an unexpected status: {model['Status']}")


def main():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS)
    parser.add_argument("project_arn")
    parser.add_argument("model_arn")
    arguments = parser.parse_args()
    try:
        session = boto3.Session(profile_name="custom-labels-access")
        status = stop_model(session.client("rekognition"), arguments.project_arn, arguments.model_arn)
        print(f"Finished stopping model: {arguments.model_arn} {status}")
    except ClientError as error:
        print(f"Problem stopping model: {error.response['Error']['Message']}")
    except Exception as error:
        print(f"Problem stopping model: {error}")


if __name__ == "__main__":
    main()

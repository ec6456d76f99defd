"""Delete a version after a confirmation, and wait until it is no longer listed."""

import argparse
import time

import boto3
from botocore.exceptions import ClientError


def get_version_name(model_arn):
    return model_arn.split("/")[3]


def delete_model(rekognition, project_arn, model_arn):
    rekognition.delete_project_version(ProjectVersionArn=model_arn)
    version_name = get_version_name(model_arn)
    deleted = False
    while not deleted:
        described = rekognition.describe_project_versions(ProjectArn=project_arn, VersionNames=[version_name])
        if len(described["ProjectVersionDescriptions"]) == 0:
            deleted = True
        else:
            print("Waiting for model deletion")
            time.sleep(5)
    print(f"Model {version_name} deleted")


def main():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS)
    parser.add_argument("project_arn")
    parser.add_argument("model_arn")
    arguments = parser.parse_args()
    if input("Enter 'delete' to delete the model: ") != "delete":
        print("Not deleting the model.")
        return
    try:
        session = boto3.Session(profile_name="custom-labels-access")
        delete_model(session.client("rekognition"), arguments.project_arn, arguments.model_arn)
        print(f"Finished deleting model: {arguments.model_arn}")
    except ClientError as error:
        print(f"Problem deleting model: {error.response['Error']['Message']}")


if __name__ == "__main__":
    main()

"""Start a version and wait until it runs with the SDK's waiter at its default delay."""

import argparse

import boto3
from botocore.exceptions import ClientError, WaiterError


def get_version_name(model_arn):
    return model_arn.split("version/", 1)[1].rpartition("/")[0]


def start_model(rekognition, project_arn, model_arn, minimum, maximum):
    if maximum is None:
        rekognition.start_project_version(ProjectVersionArn=model_arn, MinInferenceUnits=int(minimum))
    else:
        rekognition.start_project_version(
            ProjectVersionArn=model_arn, MinInferenceUnits=int(minimum), MaxInferenceUnits=int(maximum)
        )
    version_name = get_version_name(model_arn)
    waiter = rekognition.get_waiter("project_version_running")
    waiter.wait(ProjectArn=project_arn, VersionNames=[version_name])
    described = rekognition.describe_project_versions(ProjectArn=project_arn, VersionNames=[version_name])
    for model in described["ProjectVersionDescriptions"]:
        print(f"Status: {model['Status']}")
        print(f"Message: {model['StatusMessage']}")


def main():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS)
    parser.add_argument("project_arn")
    parser.add_argument("model_arn")
    parser.add_argument("min_inference_units")
    parser.add_argument("--max_inference_units", required=False)
    arguments = parser.parse_args()
    try:
        session = boto3.Session(profile_name="custom-labels-access")
        start_model(
            session.client("rekognition"),
            arguments.project_arn,
            arguments.model_arn,
            arguments.min_inference_units,
            arguments.max_inference_units,
        )
        print(f"Finished starting model: {arguments.model_arn}")
    except (ClientError, WaiterError) as error:
        print(f"Problem starting model: {error}")


if __name__ == "__main__":
    main()

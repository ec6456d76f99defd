"""Print what is known of a version."""

import argparse

import boto3
from botocore.exceptions import ClientError


def describe_model(rekognition, project_arn, version_name):
    response = rekognition.describe_project_versions(ProjectArn=project_arn, VersionNames=[version_name])
    for model in response["ProjectVersionDescriptions"]:
        print(f"Created: {model['CreationTimestamp']}")
        print(f"ARN: {model['ProjectVersionArn']}")
        if "BillableTrainingTimeInSeconds" in model:
            print(f"Billable training seconds: {model['BillableTrainingTimeInSeconds']}")
        if "EvaluationResult" in model:
            summary = model["EvaluationResult"]["Summary"]["S3Object"]
            print(f"F1 score: {model['EvaluationResult']['F1Score']}")
            print(f"Summary: s3://{summary['Bucket']}/{summary['Name']}")
        if "ManifestSummary" in model:
            manifest_summary = model["ManifestSummary"]["S3Object"]
            print(f"Manifest summary: s3://{manifest_summary['Bucket']}/{manifest_summary['Name']}")
        if "OutputConfig" in model:
            print(f"Output: s3://{model['OutputConfig']['S3Bucket']}/{model['OutputConfig']['S3KeyPrefix']}")
        if "MinInferenceUnits" in model:
            print(f"Minimum inference units: {model['MinInferenceUnits']}")
        if "MaxInferenceUnits" in model:
            print(f"Maximum inference units: {model['MaxInferenceUnits']}")
        print(f"Status: {model['Status']}")
        print(f"Message: {model['StatusMessage']}")


def main():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS)
    parser.add_argument("project_arn")
    parser.add_argument("version_name")
    arguments = parser.parse_args()
    try:
        session = boto3.Session(profile_name="custom-labels-access")
        describe_model(session.client("rekognition"), arguments.project_arn, arguments.version_name)
        print(f"Finished describing model: {arguments.version_name}")
    except ClientError as error:
        print(f"Problem describing model: {error.response['Error']['Message']}")
    except Exception as error:
        print(f"Problem describing model: {error!r}")


if __name__ == "__main__":
    main()

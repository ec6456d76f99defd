"""Print the confusion matrix of a version as a table: rows are predictions, columns the ground truth."""

import argparse
import json

import boto3
import pandas
from botocore.exceptions import ClientError


def get_model_summary_location(rekognition, project_name, version_name):
    projects = rekognition.describe_projects(ProjectNames=[project_name])
    project_arn = projects["ProjectDescriptions"][0]["ProjectArn"]
    versions = rekognition.describe_project_versions(ProjectArn=project_arn, VersionNames=[version_name])
    return versions["ProjectVersionDescriptions"][0]["EvaluationResult"]["Summary"]["S3Object"]


def show_confusion_matrix(session, location):
    answer = session.client("s3").get_object(Bucket=location["Bucket"], Key=location["Name"])
    results = json.loads(answer["Body"].read())["AggregatedEvaluationResults"]
    assert "ConfusionMatrix" in results, "There is no confusion matrix: is it an object detection model?"
    cells = pandas.DataFrame(results["ConfusionMatrix"])
    table = cells.pivot_table(values="Value", index="PredictedLabel", columns="GroundTruthLabel").fillna(0)
    print((table * 100).round(1).to_csv())


def main():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS)
    parser.add_argument("project_name")
    parser.add_argument("version_name")
    arguments = parser.parse_args()
    try:
        session = boto3.Session(profile_name="custom-labels-access")
        rekognition = session.client("rekognition")
        location = get_model_summary_location(rekognition, arguments.project_name, arguments.version_name)
        show_confusion_matrix(session, location)
        print("Done.")
    except ClientError as error:
        print(f"Problem reading the evaluation: {error.response['Error']['Message']}")
    except AssertionError as error:
        print(f"Error: {error}")


if __name__ == "__main__":
    main()

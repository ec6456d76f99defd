"""Create a dataset without entries."""

import argparse
import time

import boto3
from botocore.exceptions import ClientError


def create_empty_dataset(rekognition, project_arn, dataset_type):
    print(f"Creating empty {dataset_type} dataset for project {project_arn}")
    response = rekognition.create_dataset(ProjectArn=project_arn, DatasetType=dataset_type.upper())
    dataset_arn = response["DatasetArn"]
    finished = False
    while not finished:
        description = rekognition.describe_dataset(DatasetArn=dataset_arn)["DatasetDescription"]
        status = description["Status"]
        if status == "CREATE_IN_PROGRESS":
            print("Dataset creation in progress")
            time.sleep(5)
        elif status == "CREATE_COMPLETE":
            print("Dataset created")
            finished = True
        elif status == "CREATE_FAILED":
            raise Exception(f"Dataset creation failed: {description['StatusMessage']}")
        else:
            raise Exception(f"Dataset creation ended in an unexpected status: {status}")
    return dataset_arn


def main():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS)
    parser.add_argument("project_arn")
    parser.add_argument("dataset_type")
    arguments = parser.parse_args()
    try:
        session = boto3.Session(profile_name="custom-labels-access")
        dataset_type = arguments.dataset_type.lower()
        dataset_arn = create_empty_dataset(session.client("rekognition"), arguments.project_arn, dataset_type)
        print(f"Finished creating empty dataset: {dataset_arn}")
    except ClientError as error:
        print(f"Problem creating empty dataset: {error.response['Error']['Message']}")
    except Exception as error:
        print(f"Problem creating empty dataset: {error}")


if __name__ == "__main__":
    main()

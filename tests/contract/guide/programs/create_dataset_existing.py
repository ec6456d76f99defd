"""Create a dataset as a copy of another one."""

import argparse
import time

import boto3
from botocore.exceptions import ClientError


def copy_dataset(rekognition, project_arn, dataset_type, source_arn):
    dataset_type = dataset_type.upper()
    print(f"Creating {dataset_type} dataset from {source_arn}")
    response = rekognition.create_dataset(
        ProjectArn=project_arn, DatasetType=dataset_type, DatasetSource={"DatasetArn": source_arn}
    )
    dataset_arn = response["DatasetArn"]
    print(f"New dataset ARN: {dataset_arn}")
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
    parser.add_argument("dataset_arn")
    arguments = parser.parse_args()
    try:
        session = boto3.Session(profile_name="custom-labels-access")
        rekognition = session.client("rekognition")
        dataset_arn = copy_dataset(rekognition, arguments.project_arn, arguments.dataset_type, arguments.dataset_arn)
        print(f"Finished creating dataset: {dataset_arn}")
    except ClientError as error:
        print(f"Problem creating dataset: {error.response['Error']['Message']}")
    except Exception as error:
        print(f"Problem creating dataset: {error}")


if __name__ == "__main__":
    main()

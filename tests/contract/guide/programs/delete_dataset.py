"""Delete a dataset and wait until it can no longer be described."""

import argparse
import time

import boto3
from botocore.exceptions import ClientError


def delete_dataset(rekognition, dataset_arn):
    rekognition.delete_dataset(DatasetArn=dataset_arn)
    deleted = False
    while not deleted:
        try:
            rekognition.describe_dataset(DatasetArn=dataset_arn)
            print("Waiting for dataset deletion")
            time.sleep(5)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            deleted = True
    print(f"Dataset deleted: {dataset_arn}")


def main():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS)
    parser.add_argument("dataset_arn")
    arguments = parser.parse_args()
    try:
        session = boto3.Session(profile_name="custom-labels-access")
        delete_dataset(session.client("rekognition"), arguments.dataset_arn)
        print(f"Finished deleting dataset: {arguments.dataset_arn}")
    except ClientError as error:
        print(f"Problem deleting dataset: {error.response['Error']['Message']}")


if __name__ == "__main__":
    main()

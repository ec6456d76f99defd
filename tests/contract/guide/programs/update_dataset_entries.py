"""Add entries to a dataset, or replace them, from a local file of JSON Lines."""

import argparse
import time
from pathlib import Path

import boto3
from botocore.exceptions import ClientError


def update_dataset_entries(rekognition, dataset_arn, updates_file):
    changes = Path(updates_file).read_text()
    rekognition.update_dataset_entries(Changes={"GroundTruth": changes}, DatasetArn=dataset_arn)
    finished = False
    while not finished:
        description = rekognition.describe_dataset(DatasetArn=dataset_arn)["DatasetDescription"]
        status = description["Status"]
        if status == "UPDATE_IN_PROGRESS":
            print("Dataset update in progress")
            time.sleep(5)
        elif status == "UPDATE_COMPLETE":
            print("Dataset updated")
            finished = True
        elif status == "UPDATE_FAILED":
            raise Exception(f"Dataset update failed: {description['StatusMessage']}")
        else:
            raise Exception(f"Dataset update ended in an unexpected status: {status}")


def main():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS)
    parser.add_argument("dataset_arn")
    parser.add_argument("updates_file")
    arguments = parser.parse_args()
    try:
        session = boto3.Session(profile_name="custom-labels-access")
        update_dataset_entries(session.client("rekognition"), arguments.dataset_arn, arguments.updates_file)
        print(f"Finished updating entries of dataset: {arguments.dataset_arn}")
    except ClientError as error:
        print(f"Problem updating dataset: {error.response['Error']['Message']}")
    except Exception as error:
        print(f"Problem updating dataset: {error}")


if __name__ == "__main__":
    main()

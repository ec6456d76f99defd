"""Move a fifth of the training entries to the empty test dataset."""

import argparse
import time

import boto3
from botocore.exceptions import ClientError


def wait_for_update(rekognition, dataset_arn):
    while True:
        description = rekognition.describe_dataset(DatasetArn=dataset_arn)["DatasetDescription"]
        status = description["Status"]
        if status == "UPDATE_IN_PROGRESS":
            print(f"Distributing: {dataset_arn}")
            time.sleep(5)
            continue
        if status == "UPDATE_COMPLETE":
            return True
        if status == "UPDATE_FAILED":
            print(f"Dataset {dataset_arn} failed: {description['StatusMessage']}")
        else:
            print(f"Unexpected status of dataset {dataset_arn}: {status}")
        return False


def distribute(rekognition, training_arn, test_arn):
    rekognition.distribute_dataset_entries(Datasets=[{"Arn": training_arn}, {"Arn": test_arn}])
    training_done = wait_for_update(rekognition, training_arn)
    test_done = wait_for_update(rekognition, test_arn)
    if training_done and test_done:
        print("Distribution complete")
    else:
        print("Distribution failed")


def main():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS)
    parser.add_argument("training_dataset_arn")
    parser.add_argument("test_dataset_arn")
    arguments = parser.parse_args()
    try:
        session = boto3.Session(profile_name="custom-labels-access")
        distribute(session.client("rekognition"), arguments.training_dataset_arn, arguments.test_dataset_arn)
        print("Finished distributing datasets")
    except ClientError as error:
        print(f"Problem distributing datasets: {error.response['Error']['Message']}")


if __name__ == "__main__":
    main()

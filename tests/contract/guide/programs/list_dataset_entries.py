"""Print the JSON Lines of a dataset, all of them or those with errors."""

import argparse

import boto3
from botocore.exceptions import ClientError


def list_dataset_entries(rekognition, dataset_arn, show_errors):
    next_token = ""
    finished = False
    while not finished:
        response = rekognition.list_dataset_entries(
            DatasetArn=dataset_arn, HasErrors=show_errors, MaxResults=100, NextToken=next_token
        )
        for line in response["DatasetEntries"]:
            print(line)
        if "NextToken" in response:
            next_token = response["NextToken"]
        else:
            finished = True


def main():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS)
    parser.add_argument("dataset_arn")
    parser.add_argument("show_errors_only")
    arguments = parser.parse_args()
    try:
        session = boto3.Session(profile_name="custom-labels-access")
        show_errors = arguments.show_errors_only.lower() == "true"
        list_dataset_entries(session.client("rekognition"), arguments.dataset_arn, show_errors)
        print(f"Finished listing entries for dataset: {arguments.dataset_arn}")
    except ClientError as error:
        print(f"Problem listing dataset entries: {error.response['Error']['Message']}")


if __name__ == "__main__":
    main()

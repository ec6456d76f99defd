"""Print the state and the statistics of a dataset."""

import argparse

import boto3
from botocore.exceptions import ClientError


def describe_dataset(rekognition, dataset_arn):
    dataset = rekognition.describe_dataset(DatasetArn=dataset_arn)["DatasetDescription"]
    print(f"Created: {dataset['CreationTimestamp']}")
    print(f"Updated: {dataset['LastUpdatedTimestamp']}")
    print(f"Status: {dataset['Status']}")
    print(f"Status message: {dataset['StatusMessage']}")
    print(f"Status code: {dataset['StatusMessageCode']}")
    print(f"Labeled entries: {dataset['DatasetStats']['LabeledEntries']}")
    print(f"Entries: {dataset['DatasetStats']['TotalEntries']}")
    print(f"Labels: {dataset['DatasetStats']['TotalLabels']}")


def main():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS)
    parser.add_argument("dataset_arn")
    arguments = parser.parse_args()
    try:
        session = boto3.Session(profile_name="custom-labels-access")
        describe_dataset(session.client("rekognition"), arguments.dataset_arn)
        print(f"Finished describing dataset: {arguments.dataset_arn}")
    except ClientError as error:
        print(f"Problem describing dataset: {error.response['Error']['Message']}")
    except Exception as error:
        print(f"Problem describing dataset: {error}")


if __name__ == "__main__":
    main()

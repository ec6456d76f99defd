"""Prove that the profile reaches the service: list every project with its status."""

import boto3


def main():
    session = boto3.Session(profile_name="custom-labels-access")
    rekognition = session.client("rekognition")
    for project in rekognition.describe_projects()["ProjectDescriptions"]:
        print(f"Status: {project['Status']}")
        print(f"ARN: {project['ProjectArn']}")
    print("Done!")


if __name__ == "__main__":
    main()

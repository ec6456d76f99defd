"""Find the versions, in all projects, that carry a tag with a value."""

import argparse

import boto3
from botocore.exceptions import ClientError


def find_tag(rekognition, key, value):
    found = []
    for project in rekognition.describe_projects()["ProjectDescriptions"]:
        versions = rekognition.describe_project_versions(ProjectArn=project["ProjectArn"])
        for version in versions["ProjectVersionDescriptions"]:
            version_arn = version["ProjectVersionArn"]
            tags = rekognition.list_tags_for_resource(ResourceArn=version_arn)["Tags"]
            if tags.get(key) == value:
                found.append(version_arn)
    return found


def main():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS)
    parser.add_argument("tag")
    parser.add_argument("value")
    arguments = parser.parse_args()
    try:
        session = boto3.Session(profile_name="custom-labels-access")
        found = find_tag(session.client("rekognition"), arguments.tag, arguments.value)
        print(f"Models with tag {arguments.tag} and value {arguments.value}: {len(found)}")
        for version_arn in found:
            print(version_arn)
    except ClientError as error:
        print(f"Problem finding tags: {error.response['Error']['Message']}")


if __name__ == "__main__":
    main()

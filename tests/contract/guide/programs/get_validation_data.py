"""Print where the validation results of a version are. Edit the two names before running."""

import boto3

project_arn = "my-project-arn"
version_name = "my-version-name"


def print_manifests(title, result):
    for asset in result["Validation"]["Assets"]:
        location = asset["GroundTruthManifest"]["S3Object"]
        print(f"{title}: s3://{location['Bucket']}/{location['Name']}")


def main():
    rekognition = boto3.client("rekognition")
    response = rekognition.describe_project_versions(ProjectArn=project_arn, VersionNames=[version_name])
    for model in response["ProjectVersionDescriptions"]:
        print(model)
        print_manifests("Training manifest with validation", model["TrainingDataResult"])
        print_manifests("Testing manifest with validation", model["TestingDataResult"])
        summary = model["ManifestSummary"]["S3Object"]
        print(f"Manifest summary: s3://{summary['Bucket']}/{summary['Name']}")


if __name__ == "__main__":
    main()

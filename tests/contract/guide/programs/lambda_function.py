"""A Lambda handler that returns the custom labels of an image given as base64 or as an S3 object."""

import base64
import json
import os

import boto3
from botocore.exceptions import ClientError

model_arn = os.environ["MODEL_ARN"]
confidence = int(os.environ.get("CONFIDENCE", "50"))
rekognition = boto3.client("rekognition")


def lambda_handler(event, context):  # noqa: ARG001 (Lambda passes a context)
    try:
        if "image" in event:
            image = {"Bytes": base64.b64decode(event["image"])}
        elif "S3Object" in event:
            image = {"S3Object": event["S3Object"]}
        else:
            raise ValueError("Only base64 encoded image bytes or an S3Object are supported.")
        response = rekognition.detect_custom_labels(Image=image, MinConfidence=confidence, ProjectVersionArn=model_arn)
        return {"statusCode": 200, "body": json.dumps(response["CustomLabels"])}
    except ClientError as error:
        details = error.response["Error"]
        return {"statusCode": 400, "body": {"Error": details["Code"], "ErrorMessage": details["Message"]}}
    except ValueError as error:
        return {"statusCode": 400, "body": {"Error": "ValueError", "ErrorMessage": str(error)}}

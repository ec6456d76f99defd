"""What boto3 makes of the edge's answers: errors, retries, values, identity."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from emulator.wire import errors
from emulator.wire.errors import AwsError
from support.edge_server import EdgeServer, RecordingDispatch

VERSION_ARN = "arn:aws:rekognition:us-east-1:123456789012:project/parts/version/first/1690405809285"
SESSION = boto3.Session()
RATE_EXCEEDED = AwsError("ProvisionedThroughputExceededException", "Provisioned Rate exceeded.")
IN_USE = AwsError("ResourceInUseException", "Specified resource is in use.")


def client_of(server: EdgeServer, access_key: str = "123456789012", region: str = "us-east-1", **config: Any) -> Any:
    return SESSION.client(
        "rekognition",
        endpoint_url=server.url,
        region_name=region,
        aws_access_key_id=access_key,
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 1, "mode": "standard"}, **config),
    )


@pytest.fixture(scope="module")
def client(server: EdgeServer) -> Iterator[Any]:
    client = client_of(server)
    yield client
    client.close()


def test_values_make_the_round_trip(client: Any, dispatch: RecordingDispatch) -> None:
    moment = datetime(2022, 6, 13, 22, 16, 0, 634000, tzinfo=UTC)
    dispatch.result = {
        "ProjectVersionDescriptions": [
            {"CreationTimestamp": moment, "MinInferenceUnits": 1, "EvaluationResult": {"F1Score": 0.93}}
        ]
    }
    project_arn = "arn:aws:rekognition:us-east-1:123456789012:project/parts/1690405809285"
    response = client.describe_project_versions(ProjectArn=project_arn, VersionNames=["first"], NextToken="")
    (version,) = response["ProjectVersionDescriptions"]
    assert version["CreationTimestamp"] == moment
    assert version["EvaluationResult"]["F1Score"] == pytest.approx(0.93)
    assert dispatch.calls[0].parameters == {"ProjectArn": project_arn, "VersionNames": ["first"], "NextToken": ""}
    assert response["ResponseMetadata"]["RequestId"] == dispatch.calls[0].request_id


def test_image_bytes_arrive_as_they_were(client: Any, dispatch: RecordingDispatch) -> None:
    image = bytes(range(256)) * 2000
    dispatch.result = {"CustomLabels": [{"Name": "rose", "Confidence": 67.56399536132812}]}
    response = client.detect_custom_labels(ProjectVersionArn=VERSION_ARN, Image={"Bytes": image}, MinConfidence=40)
    assert response["CustomLabels"] == [{"Name": "rose", "Confidence": 67.56399536132812}]
    assert dispatch.calls[0].parameters["Image"] == {"Bytes": image}


@pytest.mark.parametrize(
    "error",
    [
        AwsError(
            "AccessDeniedException", "User: arn:u is not authorized to perform: rekognition:CreateProject on arn:p"
        ),
        errors.internal(),
        AwsError("InvalidParameterException", "Request has invalid parameters."),
        AwsError("LimitExceededException", "The account has 100 projects."),
        RATE_EXCEEDED,
        IN_USE,
        AwsError("ThrottlingException", "Slow down; sudden increase in rate of requests."),
        AwsError("ThrottlingException", "Service Unavailable"),
    ],
    ids=lambda error: f"{error.code}-{error.status}",
)
def test_modelled_errors_are_raised_by_their_class_with_code_and_text(
    client: Any, dispatch: RecordingDispatch, error: AwsError
) -> None:
    dispatch.result = error
    with pytest.raises(getattr(client.exceptions, error.code)) as caught:
        client.create_project(ProjectName="parts")
    response = caught.value.response
    assert response["Error"]["Code"] == error.code
    assert response["Error"]["Message"] == error.message
    assert response["ResponseMetadata"]["HTTPStatusCode"] == error.status


def test_a_broken_constraint_is_a_client_error_without_a_class(client: Any, dispatch: RecordingDispatch) -> None:
    assert not hasattr(client.exceptions, "ValidationException")
    with pytest.raises(ClientError) as caught:
        client.create_project(ProjectName="name with spaces")
    assert caught.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": "1 validation error detected: Value 'name with spaces' at 'projectName' failed to satisfy "
        r"constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.\-]+",
    }
    assert dispatch.calls == []


def test_an_unsigned_client_is_told_that_its_token_is_missing(server: EdgeServer, dispatch: RecordingDispatch) -> None:
    with pytest.raises(ClientError, match="MissingAuthenticationTokenException"):
        client_of(server, signature_version=UNSIGNED).describe_projects()
    assert dispatch.calls == []


def test_other_operations_of_rekognition_are_refused_at_once(server: EdgeServer, dispatch: RecordingDispatch) -> None:
    client = client_of(server)
    with pytest.raises(client.exceptions.AccessDeniedException, match="operations of Custom Labels only"):
        client.detect_faces(Image={"Bytes": b"x"})
    with pytest.raises(client.exceptions.AccessDeniedException):
        client.list_collections()
    assert dispatch.calls == []


def test_throttling_is_retried_by_the_sdk_and_a_refusal_is_not(server: EdgeServer, dispatch: RecordingDispatch) -> None:
    client = SESSION.client(
        "rekognition",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id="123456789012",
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 2, "mode": "standard"}),
    )
    dispatch.result = RATE_EXCEEDED
    with pytest.raises(client.exceptions.ProvisionedThroughputExceededException):
        client.describe_projects()
    assert len(dispatch.calls) == 2
    dispatch.result = IN_USE
    with pytest.raises(client.exceptions.ResourceInUseException):
        client.create_project(ProjectName="parts")
    assert len(dispatch.calls) == 3


def test_account_and_region_follow_the_client(server: EdgeServer, dispatch: RecordingDispatch) -> None:
    client_of(server, "210987654321", "eu-west-1").describe_projects()
    client_of(server, "AKIAIOSFODNN7EXAMPLE", "ap-south-1").describe_projects()
    identities = [(call.identity.account, call.identity.region) for call in dispatch.calls]
    assert identities == [("210987654321", "eu-west-1"), ("000000000000", "ap-south-1")]


def test_calls_of_a_waiter_can_be_told_by_their_user_agent(client: Any, dispatch: RecordingDispatch) -> None:
    """O-18: botocore marks a waiter's calls with feature B."""
    dispatch.result = {"ProjectVersionDescriptions": [{"Status": "RUNNING"}]}
    project_arn = "arn:aws:rekognition:us-east-1:123456789012:project/parts/1690405809285"
    client.get_waiter("project_version_running").wait(ProjectArn=project_arn)
    client.describe_project_versions(ProjectArn=project_arn)
    marks = [
        next((word for word in call.user_agent.split() if word.startswith("m/")), "m/")[2:].split(",")
        for call in dispatch.calls
    ]
    assert "B" in marks[0]
    assert "B" not in marks[1]

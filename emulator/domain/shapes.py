"""Requests and answers of the 23 operations, written by `make docs` from botocore's model: do not edit.

A blob is bytes in a request, a timestamp epoch seconds in an answer; an enumerated value is its text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict


class OutputConfig(TypedDict):
    """The structure OutputConfig of the service model."""

    S3Bucket: NotRequired[str]
    S3KeyPrefix: NotRequired[str]


class CopyProjectVersionRequest(TypedDict):
    """The structure CopyProjectVersionRequest of the service model."""

    SourceProjectArn: str
    SourceProjectVersionArn: str
    DestinationProjectArn: str
    VersionName: str
    OutputConfig: OutputConfig
    Tags: NotRequired[Mapping[str, str]]
    KmsKeyId: NotRequired[str]


class CopyProjectVersionResponse(TypedDict):
    """The structure CopyProjectVersionResponse of the service model."""

    ProjectVersionArn: NotRequired[str]


class S3Object(TypedDict):
    """The structure S3Object of the service model."""

    Bucket: NotRequired[str]
    Name: NotRequired[str]
    Version: NotRequired[str]


class GroundTruthManifest(TypedDict):
    """The structure GroundTruthManifest of the service model."""

    S3Object: NotRequired[S3Object]


class DatasetSource(TypedDict):
    """The structure DatasetSource of the service model."""

    GroundTruthManifest: NotRequired[GroundTruthManifest]
    DatasetArn: NotRequired[str]


class CreateDatasetRequest(TypedDict):
    """The structure CreateDatasetRequest of the service model."""

    DatasetSource: NotRequired[DatasetSource]
    DatasetType: str
    ProjectArn: str
    Tags: NotRequired[Mapping[str, str]]


class CreateDatasetResponse(TypedDict):
    """The structure CreateDatasetResponse of the service model."""

    DatasetArn: NotRequired[str]


class CreateProjectRequest(TypedDict):
    """The structure CreateProjectRequest of the service model."""

    ProjectName: str
    Feature: NotRequired[str]
    AutoUpdate: NotRequired[str]
    Tags: NotRequired[Mapping[str, str]]


class CreateProjectResponse(TypedDict):
    """The structure CreateProjectResponse of the service model."""

    ProjectArn: NotRequired[str]


class Asset(TypedDict):
    """The structure Asset of the service model."""

    GroundTruthManifest: NotRequired[GroundTruthManifest]


class TrainingData(TypedDict):
    """The structure TrainingData of the service model."""

    Assets: NotRequired[Sequence[Asset]]


class TestingData(TypedDict):
    """The structure TestingData of the service model."""

    Assets: NotRequired[Sequence[Asset]]
    AutoCreate: NotRequired[bool]


class CustomizationFeatureContentModerationConfig(TypedDict):
    """The structure CustomizationFeatureContentModerationConfig of the service model."""

    ConfidenceThreshold: NotRequired[float]


class CustomizationFeatureConfig(TypedDict):
    """The structure CustomizationFeatureConfig of the service model."""

    ContentModeration: NotRequired[CustomizationFeatureContentModerationConfig]


class CreateProjectVersionRequest(TypedDict):
    """The structure CreateProjectVersionRequest of the service model."""

    ProjectArn: str
    VersionName: str
    OutputConfig: OutputConfig
    TrainingData: NotRequired[TrainingData]
    TestingData: NotRequired[TestingData]
    Tags: NotRequired[Mapping[str, str]]
    KmsKeyId: NotRequired[str]
    VersionDescription: NotRequired[str]
    FeatureConfig: NotRequired[CustomizationFeatureConfig]


class CreateProjectVersionResponse(TypedDict):
    """The structure CreateProjectVersionResponse of the service model."""

    ProjectVersionArn: NotRequired[str]


class DeleteDatasetRequest(TypedDict):
    """The structure DeleteDatasetRequest of the service model."""

    DatasetArn: str


class DeleteDatasetResponse(TypedDict):
    """The structure DeleteDatasetResponse of the service model."""


class DeleteProjectRequest(TypedDict):
    """The structure DeleteProjectRequest of the service model."""

    ProjectArn: str


class DeleteProjectResponse(TypedDict):
    """The structure DeleteProjectResponse of the service model."""

    Status: NotRequired[str]


class DeleteProjectPolicyRequest(TypedDict):
    """The structure DeleteProjectPolicyRequest of the service model."""

    ProjectArn: str
    PolicyName: str
    PolicyRevisionId: NotRequired[str]


class DeleteProjectPolicyResponse(TypedDict):
    """The structure DeleteProjectPolicyResponse of the service model."""


class DeleteProjectVersionRequest(TypedDict):
    """The structure DeleteProjectVersionRequest of the service model."""

    ProjectVersionArn: str


class DeleteProjectVersionResponse(TypedDict):
    """The structure DeleteProjectVersionResponse of the service model."""

    Status: NotRequired[str]


class DescribeDatasetRequest(TypedDict):
    """The structure DescribeDatasetRequest of the service model."""

    DatasetArn: str


class DatasetStats(TypedDict):
    """The structure DatasetStats of the service model."""

    LabeledEntries: NotRequired[int]
    TotalEntries: NotRequired[int]
    TotalLabels: NotRequired[int]
    ErrorEntries: NotRequired[int]


class DatasetDescription(TypedDict):
    """The structure DatasetDescription of the service model."""

    CreationTimestamp: NotRequired[float]
    LastUpdatedTimestamp: NotRequired[float]
    Status: NotRequired[str]
    StatusMessage: NotRequired[str]
    StatusMessageCode: NotRequired[str]
    DatasetStats: NotRequired[DatasetStats]


class DescribeDatasetResponse(TypedDict):
    """The structure DescribeDatasetResponse of the service model."""

    DatasetDescription: NotRequired[DatasetDescription]


class DescribeProjectVersionsRequest(TypedDict):
    """The structure DescribeProjectVersionsRequest of the service model."""

    ProjectArn: str
    VersionNames: NotRequired[Sequence[str]]
    NextToken: NotRequired[str]
    MaxResults: NotRequired[int]


class ValidationData(TypedDict):
    """The structure ValidationData of the service model."""

    Assets: NotRequired[Sequence[Asset]]


class TrainingDataResult(TypedDict):
    """The structure TrainingDataResult of the service model."""

    Input: NotRequired[TrainingData]
    Output: NotRequired[TrainingData]
    Validation: NotRequired[ValidationData]


class TestingDataResult(TypedDict):
    """The structure TestingDataResult of the service model."""

    Input: NotRequired[TestingData]
    Output: NotRequired[TestingData]
    Validation: NotRequired[ValidationData]


class Summary(TypedDict):
    """The structure Summary of the service model."""

    S3Object: NotRequired[S3Object]


class EvaluationResult(TypedDict):
    """The structure EvaluationResult of the service model."""

    F1Score: NotRequired[float]
    Summary: NotRequired[Summary]


class ProjectVersionDescription(TypedDict):
    """The structure ProjectVersionDescription of the service model."""

    ProjectVersionArn: NotRequired[str]
    CreationTimestamp: NotRequired[float]
    MinInferenceUnits: NotRequired[int]
    Status: NotRequired[str]
    StatusMessage: NotRequired[str]
    BillableTrainingTimeInSeconds: NotRequired[int]
    TrainingEndTimestamp: NotRequired[float]
    OutputConfig: NotRequired[OutputConfig]
    TrainingDataResult: NotRequired[TrainingDataResult]
    TestingDataResult: NotRequired[TestingDataResult]
    EvaluationResult: NotRequired[EvaluationResult]
    ManifestSummary: NotRequired[GroundTruthManifest]
    KmsKeyId: NotRequired[str]
    MaxInferenceUnits: NotRequired[int]
    SourceProjectVersionArn: NotRequired[str]
    VersionDescription: NotRequired[str]
    Feature: NotRequired[str]
    BaseModelVersion: NotRequired[str]
    FeatureConfig: NotRequired[CustomizationFeatureConfig]


class DescribeProjectVersionsResponse(TypedDict):
    """The structure DescribeProjectVersionsResponse of the service model."""

    ProjectVersionDescriptions: NotRequired[Sequence[ProjectVersionDescription]]
    NextToken: NotRequired[str]


class DescribeProjectsRequest(TypedDict):
    """The structure DescribeProjectsRequest of the service model."""

    NextToken: NotRequired[str]
    MaxResults: NotRequired[int]
    ProjectNames: NotRequired[Sequence[str]]
    Features: NotRequired[Sequence[str]]


class DatasetMetadata(TypedDict):
    """The structure DatasetMetadata of the service model."""

    CreationTimestamp: NotRequired[float]
    DatasetType: NotRequired[str]
    DatasetArn: NotRequired[str]
    Status: NotRequired[str]
    StatusMessage: NotRequired[str]
    StatusMessageCode: NotRequired[str]


class ProjectDescription(TypedDict):
    """The structure ProjectDescription of the service model."""

    ProjectArn: NotRequired[str]
    CreationTimestamp: NotRequired[float]
    Status: NotRequired[str]
    Datasets: NotRequired[Sequence[DatasetMetadata]]
    Feature: NotRequired[str]
    AutoUpdate: NotRequired[str]


class DescribeProjectsResponse(TypedDict):
    """The structure DescribeProjectsResponse of the service model."""

    ProjectDescriptions: NotRequired[Sequence[ProjectDescription]]
    NextToken: NotRequired[str]


class Image(TypedDict):
    """The structure Image of the service model."""

    Bytes: NotRequired[bytes]
    S3Object: NotRequired[S3Object]


class DetectCustomLabelsRequest(TypedDict):
    """The structure DetectCustomLabelsRequest of the service model."""

    ProjectVersionArn: str
    Image: Image
    MaxResults: NotRequired[int]
    MinConfidence: NotRequired[float]


class BoundingBox(TypedDict):
    """The structure BoundingBox of the service model."""

    Width: NotRequired[float]
    Height: NotRequired[float]
    Left: NotRequired[float]
    Top: NotRequired[float]


class Point(TypedDict):
    """The structure Point of the service model."""

    X: NotRequired[float]
    Y: NotRequired[float]


class Geometry(TypedDict):
    """The structure Geometry of the service model."""

    BoundingBox: NotRequired[BoundingBox]
    Polygon: NotRequired[Sequence[Point]]


class CustomLabel(TypedDict):
    """The structure CustomLabel of the service model."""

    Name: NotRequired[str]
    Confidence: NotRequired[float]
    Geometry: NotRequired[Geometry]


class DetectCustomLabelsResponse(TypedDict):
    """The structure DetectCustomLabelsResponse of the service model."""

    CustomLabels: NotRequired[Sequence[CustomLabel]]


class DistributeDataset(TypedDict):
    """The structure DistributeDataset of the service model."""

    Arn: str


class DistributeDatasetEntriesRequest(TypedDict):
    """The structure DistributeDatasetEntriesRequest of the service model."""

    Datasets: Sequence[DistributeDataset]


class DistributeDatasetEntriesResponse(TypedDict):
    """The structure DistributeDatasetEntriesResponse of the service model."""


class ListDatasetEntriesRequest(TypedDict):
    """The structure ListDatasetEntriesRequest of the service model."""

    DatasetArn: str
    ContainsLabels: NotRequired[Sequence[str]]
    Labeled: NotRequired[bool]
    SourceRefContains: NotRequired[str]
    HasErrors: NotRequired[bool]
    NextToken: NotRequired[str]
    MaxResults: NotRequired[int]


class ListDatasetEntriesResponse(TypedDict):
    """The structure ListDatasetEntriesResponse of the service model."""

    DatasetEntries: NotRequired[Sequence[str]]
    NextToken: NotRequired[str]


class ListDatasetLabelsRequest(TypedDict):
    """The structure ListDatasetLabelsRequest of the service model."""

    DatasetArn: str
    NextToken: NotRequired[str]
    MaxResults: NotRequired[int]


class DatasetLabelStats(TypedDict):
    """The structure DatasetLabelStats of the service model."""

    EntryCount: NotRequired[int]
    BoundingBoxCount: NotRequired[int]


class DatasetLabelDescription(TypedDict):
    """The structure DatasetLabelDescription of the service model."""

    LabelName: NotRequired[str]
    LabelStats: NotRequired[DatasetLabelStats]


class ListDatasetLabelsResponse(TypedDict):
    """The structure ListDatasetLabelsResponse of the service model."""

    DatasetLabelDescriptions: NotRequired[Sequence[DatasetLabelDescription]]
    NextToken: NotRequired[str]


class ListProjectPoliciesRequest(TypedDict):
    """The structure ListProjectPoliciesRequest of the service model."""

    ProjectArn: str
    NextToken: NotRequired[str]
    MaxResults: NotRequired[int]


class ProjectPolicy(TypedDict):
    """The structure ProjectPolicy of the service model."""

    ProjectArn: NotRequired[str]
    PolicyName: NotRequired[str]
    PolicyRevisionId: NotRequired[str]
    PolicyDocument: NotRequired[str]
    CreationTimestamp: NotRequired[float]
    LastUpdatedTimestamp: NotRequired[float]


class ListProjectPoliciesResponse(TypedDict):
    """The structure ListProjectPoliciesResponse of the service model."""

    ProjectPolicies: NotRequired[Sequence[ProjectPolicy]]
    NextToken: NotRequired[str]


class ListTagsForResourceRequest(TypedDict):
    """The structure ListTagsForResourceRequest of the service model."""

    ResourceArn: str


class ListTagsForResourceResponse(TypedDict):
    """The structure ListTagsForResourceResponse of the service model."""

    Tags: NotRequired[Mapping[str, str]]


class PutProjectPolicyRequest(TypedDict):
    """The structure PutProjectPolicyRequest of the service model."""

    ProjectArn: str
    PolicyName: str
    PolicyRevisionId: NotRequired[str]
    PolicyDocument: str


class PutProjectPolicyResponse(TypedDict):
    """The structure PutProjectPolicyResponse of the service model."""

    PolicyRevisionId: NotRequired[str]


class StartProjectVersionRequest(TypedDict):
    """The structure StartProjectVersionRequest of the service model."""

    ProjectVersionArn: str
    MinInferenceUnits: int
    MaxInferenceUnits: NotRequired[int]


class StartProjectVersionResponse(TypedDict):
    """The structure StartProjectVersionResponse of the service model."""

    Status: NotRequired[str]


class StopProjectVersionRequest(TypedDict):
    """The structure StopProjectVersionRequest of the service model."""

    ProjectVersionArn: str


class StopProjectVersionResponse(TypedDict):
    """The structure StopProjectVersionResponse of the service model."""

    Status: NotRequired[str]


class TagResourceRequest(TypedDict):
    """The structure TagResourceRequest of the service model."""

    ResourceArn: str
    Tags: Mapping[str, str]


class TagResourceResponse(TypedDict):
    """The structure TagResourceResponse of the service model."""


class UntagResourceRequest(TypedDict):
    """The structure UntagResourceRequest of the service model."""

    ResourceArn: str
    TagKeys: Sequence[str]


class UntagResourceResponse(TypedDict):
    """The structure UntagResourceResponse of the service model."""


class DatasetChanges(TypedDict):
    """The structure DatasetChanges of the service model."""

    GroundTruth: bytes


class UpdateDatasetEntriesRequest(TypedDict):
    """The structure UpdateDatasetEntriesRequest of the service model."""

    DatasetArn: str
    Changes: DatasetChanges


class UpdateDatasetEntriesResponse(TypedDict):
    """The structure UpdateDatasetEntriesResponse of the service model."""

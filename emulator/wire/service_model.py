"""What AWS publishes about Rekognition: the service model in the data files of the installed botocore.

Only the JSON file is read. Importing `botocore.session` or `botocore.model` costs 65 ms and 17 MB; the file alone
costs about 15 ms.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

Members = Mapping[str, Any]
"""The members of a request or an answer under their model names; of each it is the model that says the type."""

MutableMembers = dict[str, Any]
"""Members that are being put together."""

Shape = Mapping[str, Any]
"""A shape as the model writes it (`type`, `members`, `min`, `pattern` …), without documentation."""

CUSTOM_LABELS_OPERATIONS = frozenset(
    {
        "CopyProjectVersion",
        "CreateDataset",
        "CreateProject",
        "CreateProjectVersion",
        "DeleteDataset",
        "DeleteProject",
        "DeleteProjectPolicy",
        "DeleteProjectVersion",
        "DescribeDataset",
        "DescribeProjects",
        "DescribeProjectVersions",
        "DetectCustomLabels",
        "DistributeDatasetEntries",
        "ListDatasetEntries",
        "ListDatasetLabels",
        "ListProjectPolicies",
        "ListTagsForResource",
        "PutProjectPolicy",
        "StartProjectVersion",
        "StopProjectVersion",
        "TagResource",
        "UntagResource",
        "UpdateDatasetEntries",
    }
)
"""The 23 operations of Custom Labels (api-facts §2)."""


class ServiceModelNotFoundError(Exception):
    """botocore is not installed, or carries no Rekognition model."""


@dataclass(frozen=True, slots=True)
class OperationModel:
    """One operation: its name, the names of its input and output shapes, and the codes of the errors that it
    declares.
    """

    name: str
    input_shape: str
    output_shape: str
    error_codes: frozenset[str]


@dataclass(frozen=True, eq=False)
class ServiceModel:
    """All operations of Rekognition by name, and the shapes that they use by name. Compared and hashed by identity."""

    target_prefix: str
    operations: Mapping[str, OperationModel]
    shapes: Mapping[str, Shape]


@cache
def load_service_model() -> ServiceModel:
    """Read the model once per process. Raises ServiceModelNotFoundError."""
    document = _read_document()
    shapes = {name: _without_documentation(shape) for name, shape in document["shapes"].items()}
    operations = {name: _operation(name, operation) for name, operation in document["operations"].items()}
    return ServiceModel(
        target_prefix=document["metadata"]["targetPrefix"],
        operations=MappingProxyType(operations),
        shapes=MappingProxyType(shapes),
    )


def _read_document() -> dict[str, Any]:
    package = importlib.util.find_spec("botocore")
    if package is None or not package.submodule_search_locations:
        raise ServiceModelNotFoundError("botocore is not installed; its Rekognition service model is needed")
    folder = Path(package.submodule_search_locations[0]) / "data" / "rekognition" / "2016-06-27"
    packed, plain = folder / "service-2.json.gz", folder / "service-2.json"
    if packed.is_file():
        content = gzip.decompress(packed.read_bytes())
    elif plain.is_file():
        content = plain.read_bytes()
    else:
        raise ServiceModelNotFoundError("the installed botocore carries no Rekognition service model")
    document: dict[str, Any] = json.loads(content)
    return document


def _operation(name: str, operation: Mapping[str, Any]) -> OperationModel:
    return OperationModel(
        name=name,
        input_shape=operation["input"]["shape"],
        output_shape=operation["output"]["shape"],
        error_codes=frozenset(error["shape"] for error in operation["errors"]),
    )


def _without_documentation(shape: dict[str, Any]) -> Shape:
    shape.pop("documentation", None)
    for member in shape.get("members", {}).values():
        member.pop("documentation", None)
    return shape

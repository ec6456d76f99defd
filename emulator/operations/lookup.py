"""Finding the resource that an ARN names, for the caller's account and region only (O-20)."""

from __future__ import annotations

from sqlalchemy import Connection

from emulator.domain.arns import Arn, parse_arn
from emulator.domain.caller import Caller
from emulator.domain.errors import ResourceNotFoundError
from emulator.domain.refusals import not_found
from emulator.operations.context import AnyContext
from emulator.storage.datasets import find_dataset
from emulator.storage.projects import find_project, find_project_by_id
from emulator.storage.rows import Dataset, Project, Version
from emulator.storage.versions import find_version


def is_callers(caller: Caller, arn: Arn) -> bool:
    """Whether an ARN lies in the caller's account and region."""
    return arn.account == caller.account and arn.region == caller.region


def project_of(context: AnyContext, arn: str) -> Project:
    """The caller's project with this ARN. Raises ResourceNotFoundError."""
    project = find_project(context.connection, arn) if is_callers(context.caller, parse_arn(arn)) else None
    if project is None:
        raise ResourceNotFoundError(not_found("project", arn, parse_arn(arn), context.caller))
    return project


def dataset_of(context: AnyContext, arn: str) -> Dataset:
    """The caller's dataset with this ARN. Raises ResourceNotFoundError."""
    dataset = find_dataset(context.connection, arn) if is_callers(context.caller, parse_arn(arn)) else None
    if dataset is None:
        raise ResourceNotFoundError(not_found("dataset", arn, parse_arn(arn), context.caller))
    return dataset


def version_of(connection: Connection, caller: Caller, arn: str) -> Version:
    """The caller's project version with this ARN. Raises ResourceNotFoundError."""
    version = find_version(connection, arn) if is_callers(caller, parse_arn(arn)) else None
    if version is None:
        raise ResourceNotFoundError(not_found("project version", arn, parse_arn(arn), caller))
    return version


def project_of_dataset(context: AnyContext, dataset: Dataset) -> Project:
    """The project that a dataset belongs to."""
    project = find_project_by_id(context.connection, dataset.project_id)
    assert project is not None, "the database keeps no dataset without its project"
    return project

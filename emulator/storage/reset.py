"""Forgetting everything (O-8), or everything of one account (O-39)."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from emulator.storage.tables import (
    console_labels,
    console_tasks,
    console_upload_places,
    datasets,
    installation,
    jobs,
    metadata,
    project_policies,
    projects,
    running_spans,
    tags,
    versions,
)


def delete_everything(connection: Connection) -> None:
    """Empty all tables but what belongs to the installation itself."""
    for table in reversed(metadata.sorted_tables):
        if table is not installation:
            # As text: to build twenty statements takes longer than to run them, and tests reset often.
            connection.exec_driver_sql(f"DELETE FROM {table.name}")


def delete_account(connection: Connection, account: str) -> list[str]:
    """Forget what an account has; the names of its model files. Contents of its datasets are left to the sweeper."""
    of_account = select(projects.c.id).where(projects.c.account == account)
    of_datasets = select(datasets.c.id).where(datasets.c.project_id.in_(of_account))
    model_files = [
        name
        for name in connection.scalars(select(versions.c.model_file).where(versions.c.project_id.in_(of_account)))
        if name is not None
    ]
    # An account stands in an ARN between colons, which names of resources cannot have.
    named = f"%:{account}:%"
    for table, condition in (
        (console_labels, console_labels.c.dataset_id.in_(of_datasets)),
        (console_upload_places, console_upload_places.c.dataset_id.in_(of_datasets)),
        (console_tasks, console_tasks.c.account == account),
        (jobs, jobs.c.account == account),
        (tags, tags.c.resource_arn.like(named)),
        (running_spans, running_spans.c.version_arn.like(named)),
        (project_policies, project_policies.c.project_id.in_(of_account)),
        (versions, versions.c.project_id.in_(of_account)),
        (datasets, datasets.c.project_id.in_(of_account)),
        (projects, projects.c.account == account),
    ):
        connection.execute(delete(table).where(condition))
    return model_files

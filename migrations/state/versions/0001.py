"""The first schema of the state."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create all tables."""
    op.create_table(
        "dataset_contents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("bucket", sa.String(), nullable=True),
        sa.Column("next_position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total_entries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("labeled_entries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error_entries", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset_contents")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_dataset_contents_dataset_id"), "dataset_contents", ["dataset_id"], unique=False)
    op.create_table(
        "dataset_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("content_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("source_ref", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("is_labeled", sa.Boolean(), nullable=False),
        sa.Column("has_errors", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset_entries")),
    )
    op.create_index(
        "ix_dataset_entries_errors", "dataset_entries", ["content_id", "has_errors", "position"], unique=False
    )
    op.create_index(
        "ix_dataset_entries_labeled", "dataset_entries", ["content_id", "is_labeled", "position"], unique=False
    )
    op.create_index("ix_dataset_entries_position", "dataset_entries", ["content_id", "position"], unique=True)
    op.create_index("ix_dataset_entries_source_ref", "dataset_entries", ["content_id", "source_ref"], unique=True)
    op.create_table(
        "dataset_entry_labels",
        sa.Column("label_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content_id", sa.Integer(), nullable=False),
        sa.Column("boxes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("label_id", "position", name=op.f("pk_dataset_entry_labels")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_dataset_entry_labels_position", "dataset_entry_labels", ["content_id", "position"], unique=False
    )
    op.create_table(
        "dataset_labels",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("content_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("entry_count", sa.Integer(), nullable=False),
        sa.Column("box_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset_labels")),
        sa.UniqueConstraint("content_id", "name", name=op.f("uq_dataset_labels_content_id_name")),
    )
    op.create_table(
        "dataset_source_refs",
        sa.Column("content_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("positions", sa.JSON(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("content_id", "last_position", name=op.f("pk_dataset_source_refs")),
    )
    op.create_table(
        "installation",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_installation")),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("transition", sa.String(), nullable=False),
        sa.Column("resource_arn", sa.String(), nullable=False),
        sa.Column("project_arn", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("policy", sa.JSON(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_jobs_resource_arn"), "jobs", ["resource_arn"], unique=False)
    op.create_table(
        "projects",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("arn", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("feature", sa.String(), nullable=False),
        sa.Column("auto_update", sa.String(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
        sa.UniqueConstraint("account", "region", "name", name=op.f("uq_projects_account_region_name")),
        sa.UniqueConstraint("arn", name=op.f("uq_projects_arn")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_projects_newest_first", "projects", ["account", "region", "created_at", "id"], unique=False)
    op.create_table(
        "running_spans",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_arn", sa.String(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_running_spans")),
    )
    op.create_index(op.f("ix_running_spans_version_arn"), "running_spans", ["version_arn"], unique=False)
    op.create_table(
        "tags",
        sa.Column("resource_arn", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("resource_arn", "key", name=op.f("pk_tags")),
    )
    op.create_table(
        "datasets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("arn", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("status_message", sa.String(), nullable=False),
        sa.Column("status_message_code", sa.String(), nullable=False),
        sa.Column("content_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["content_id"], ["dataset_contents.id"], name=op.f("fk_datasets_content_id")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_datasets_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_datasets")),
        sa.UniqueConstraint("arn", name=op.f("uq_datasets_arn")),
        sa.UniqueConstraint("project_id", "kind", name=op.f("uq_datasets_project_id_kind")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "project_policies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("revision_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_project_policies_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_policies")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_project_policies_project_id_name")),
    )
    op.create_table(
        "versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("arn", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("status_message", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("kms_key_id", sa.String(), nullable=True),
        sa.Column("output_bucket", sa.String(), nullable=False),
        sa.Column("output_prefix", sa.String(), nullable=True),
        sa.Column("training_input", sa.JSON(), nullable=False),
        sa.Column("testing_input", sa.JSON(), nullable=False),
        sa.Column("source_version_arn", sa.String(), nullable=True),
        sa.Column("training_ended_at", sa.BigInteger(), nullable=True),
        sa.Column("billable_seconds", sa.Integer(), nullable=True),
        sa.Column("f1_score", sa.Float(), nullable=True),
        sa.Column("result_keys", sa.JSON(), nullable=True),
        sa.Column("min_inference_units", sa.Integer(), nullable=True),
        sa.Column("max_inference_units", sa.Integer(), nullable=True),
        sa.Column("model_file", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_versions_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_versions")),
        sa.UniqueConstraint("arn", name=op.f("uq_versions_arn")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_versions_project_id_name")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_versions_newest_first", "versions", ["project_id", "created_at", "id"], unique=False)


def downgrade() -> None:
    """Releases are never taken back in place: load an older archive instead."""

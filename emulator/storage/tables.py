"""The tables of the emulator's state. Times are milliseconds since the epoch unless a name says otherwise.

`migrations/versions` holds the same schema as Alembic revisions; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from emulator.storage.null_characters import TextWithNulls

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Row ids that name something outside their table (a scratch directory, the content that a sweep goes on removing) are
# never given twice: `sqlite_autoincrement`.

installation = Table(
    "installation",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

projects = Table(
    "projects",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account", String, nullable=False),
    Column("region", String, nullable=False),
    Column("name", String, nullable=False),
    Column("arn", String, nullable=False, unique=True),
    Column("status", String, nullable=False),
    Column("feature", String, nullable=False),
    Column("auto_update", String),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("account", "region", "name"),
    Index("ix_projects_newest_first", "account", "region", "created_at", "id"),
    sqlite_autoincrement=True,
)

datasets = Table(
    "datasets",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("kind", String, nullable=False),
    Column("arn", String, nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("status", String, nullable=False),
    Column("status_message", String, nullable=False),
    Column("status_message_code", String, nullable=False),
    Column("content_id", ForeignKey("dataset_contents.id")),
    UniqueConstraint("project_id", "kind"),
    sqlite_autoincrement=True,
)

# A dataset's lines belong to a content; creating or replacing builds a new one beside the old and flips `content_id`,
# so that a failed or killed ingest leaves what was there.
dataset_contents = Table(
    "dataset_contents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("dataset_id", Integer, nullable=False, index=True),
    Column("bucket", String),
    Column("next_position", Integer, nullable=False, server_default="0"),
    Column("total_entries", Integer, nullable=False, server_default="0"),
    Column("labeled_entries", Integer, nullable=False, server_default="0"),
    Column("error_entries", Integer, nullable=False, server_default="0"),
    # Counts the changes of entries, so that a page can tell whether it is still true.
    Column("revision", Integer, nullable=False, server_default="0"),
    # Who owned the bucket of the manifest that the content was made from (TE-10).
    Column("manifest_owner", String),
    sqlite_autoincrement=True,
)

dataset_entries = Table(
    "dataset_entries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("content_id", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("source_ref", Text, nullable=False),
    Column("line", Text, nullable=False),
    Column("is_labeled", Boolean, nullable=False),
    Column("has_errors", Boolean, nullable=False),
    Index("ix_dataset_entries_position", "content_id", "position", unique=True),
    Index("ix_dataset_entries_source_ref", "content_id", "source_ref", unique=True),
)

# What filters of entries are answered from, by blocks of 1,024 positions (`entry_blocks`). The bits come first: SQLite
# reads them without the text behind them.
dataset_blocks = Table(
    "dataset_blocks",
    metadata,
    Column("content_id", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("present", LargeBinary, nullable=False),
    Column("labeled", LargeBinary, nullable=False),
    Column("errors", LargeBinary, nullable=False),
    Column("folders", Text, nullable=False),
    Column("folder_of", LargeBinary, nullable=False),
    Column("names", Text, nullable=False),
    sqlite_with_rowid=False,
)

dataset_labels = Table(
    "dataset_labels",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("content_id", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("entry_count", Integer, nullable=False),
    Column("box_count", Integer, nullable=False),
    UniqueConstraint("content_id", "name"),
)

dataset_entry_labels = Table(
    "dataset_entry_labels",
    metadata,
    Column("label_id", Integer, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("content_id", Integer, nullable=False),
    Column("boxes", Integer, nullable=False),
    Index("ix_dataset_entry_labels_position", "content_id", "position"),
    sqlite_with_rowid=False,
)

dataset_label_blocks = Table(
    "dataset_label_blocks",
    metadata,
    Column("label_id", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("bits", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

versions = Table(
    "versions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("arn", String, nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("status", String, nullable=False),
    Column("status_message", String, nullable=False),
    Column("description", String),
    Column("kms_key_id", String),
    Column("output_bucket", String, nullable=False),
    Column("output_prefix", String),
    Column("training_input", JSON, nullable=False),
    Column("testing_input", JSON, nullable=False),
    Column("source_version_arn", String),
    Column("training_ended_at", BigInteger),
    Column("billable_seconds", Integer),
    Column("f1_score", Float),
    Column("result_keys", JSON),
    Column("min_inference_units", Integer),
    Column("max_inference_units", Integer),
    Column("model_file", String),
    Column("quality", JSON),
    UniqueConstraint("project_id", "name"),
    Index("ix_versions_newest_first", "project_id", "created_at", "id"),
    sqlite_autoincrement=True,
)

running_spans = Table(
    "running_spans",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("version_arn", String, nullable=False, index=True),
    Column("units", Integer, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
)

project_policies = Table(
    "project_policies",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("document", Text, nullable=False),
    Column("revision_id", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("project_id", "name"),
)

tags = Table(
    "tags",
    metadata,
    Column("resource_arn", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("value", String, nullable=False),
)

# Work that was accepted and is not over: what makes it survive a kill (O-19). `outcome` is set when the work is done
# and only the transition policy (O-17) holds its effect back.
jobs = Table(
    "jobs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("transition", String, nullable=False),
    Column("resource_arn", String, nullable=False, index=True),
    Column("project_arn", String, nullable=False),
    Column("account", String, nullable=False),
    Column("region", String, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("policy", JSON, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("outcome", JSON),
    sqlite_autoincrement=True,
)

# What the console keeps that AWS's API has no place for: labels that no image has yet (L-1), where a dataset's uploads
# go (D-17), and what it works on while its window may be closed.
console_labels = Table(
    "console_labels",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("dataset_id", Integer, nullable=False),
    Column("name", Text, nullable=False),
    UniqueConstraint("dataset_id", "name"),
)

console_upload_places = Table(
    "console_upload_places",
    metadata,
    Column("dataset_id", Integer, primary_key=True, autoincrement=False),
    Column("bucket", String, nullable=False),
    Column("prefix", String, nullable=False),
)

console_tasks = Table(
    "console_tasks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("account", String, nullable=False),
    Column("region", String, nullable=False),
    Column("project_arn", String),
    Column("payload", JSON, nullable=False),
    Column("state", String, nullable=False),
    Column("stage", String, nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("message", String, nullable=False),
    Column("result", JSON, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Index("ix_console_tasks_of_account", "account", "region", "id"),
    sqlite_autoincrement=True,
)

# Text is compared by its code points in every database and may have U+0000, as in SQLite: pages go on behind a name.
for _table in metadata.tables.values():
    for _column in _table.columns:
        if isinstance(_column.type, String):
            _column.type = _column.type.with_variant(TextWithNulls(), "postgresql")

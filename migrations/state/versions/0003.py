"""What the console keeps: labels without images, places of uploads, its tasks; a count of a content's changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the console's tables."""
    op.add_column("dataset_contents", sa.Column("revision", sa.Integer(), server_default="0", nullable=False))
    op.create_table(
        "console_labels",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_console_labels")),
        sa.UniqueConstraint("dataset_id", "name", name=op.f("uq_console_labels_dataset_id_name")),
    )
    op.create_table(
        "console_upload_places",
        sa.Column("dataset_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("bucket", sa.String(), nullable=False),
        sa.Column("prefix", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("dataset_id", name=op.f("pk_console_upload_places")),
    )
    op.create_table(
        "console_tasks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("project_arn", sa.String(), nullable=True),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_console_tasks")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_console_tasks_of_account", "console_tasks", ["account", "region", "id"])


def downgrade() -> None:
    """Releases are never taken back in place: load an older archive instead."""

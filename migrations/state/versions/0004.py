"""Datasets keep the owner of their manifest's bucket (TE-10)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of datasets that there are, the owner is not known."""
    op.add_column("dataset_contents", sa.Column("manifest_owner", sa.String(), nullable=True))


def downgrade() -> None:
    """Releases are never taken back in place: load an older archive instead."""

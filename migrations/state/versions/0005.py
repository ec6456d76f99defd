"""How sure the figures of a version are, and what would help it most."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Versions of earlier releases have none."""
    op.add_column("versions", sa.Column("quality", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Releases are never taken back in place: load an older archive instead."""

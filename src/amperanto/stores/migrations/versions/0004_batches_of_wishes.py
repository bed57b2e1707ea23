"""Wishes that belong together."""

import sqlalchemy as sa
from alembic import op

from amperanto.stores.columns import Words

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("desired_states", sa.Column("batch", Words(), nullable=True))
    op.create_index("ix_desired_states_batch_id", "desired_states", ["batch", "id"], unique=False)

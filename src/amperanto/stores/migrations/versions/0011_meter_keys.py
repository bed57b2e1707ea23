"""Public keys of meters."""

import sqlalchemy as sa
from alembic import op

from amperanto.stores.columns import Timestamp, Words

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "meter_keys",
        sa.Column("station", Words(), nullable=False),
        sa.Column("evse", sa.BigInteger(), nullable=False),
        sa.Column("organisation", Words(), nullable=False),
        sa.Column("key", Words(), nullable=False),
        sa.Column("changed_at", Timestamp(), nullable=False),
        sa.Column("changed_by", Words(), nullable=False),
        sa.PrimaryKeyConstraint("station", "evse", name=op.f("pk_meter_keys")),
    )

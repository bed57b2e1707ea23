"""Remote starts, followed to their end."""

import sqlalchemy as sa
from alembic import op

from amperanto.stores.columns import Timestamp, Words

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "remote_starts",
        sa.Column("id", Words(), nullable=False),
        sa.Column("organisation", Words(), nullable=False),
        sa.Column("station", Words(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("state", Words(), nullable=False),
        sa.Column("token_uid", Words(), nullable=False),
        sa.Column("token_type", Words(), nullable=False),
        sa.Column("evse", sa.BigInteger(), nullable=True),
        sa.Column("asked_by", Words(), nullable=False),
        sa.Column("asked_at", Timestamp(), nullable=False),
        sa.Column("until", Timestamp(), nullable=False),
        sa.Column("answered_at", Timestamp(), nullable=True),
        sa.Column("answer", Words(), nullable=True),
        sa.Column("reference", Words(), nullable=True),
        sa.Column("reason", Words(), nullable=True),
        sa.Column("ended_at", Timestamp(), nullable=True),
        sa.Column("transaction_id", Words(), nullable=True),
        sa.Column("sent_at", Timestamp(), nullable=True),
        sa.Column("failure", Words(), nullable=True),
        sa.Column("limits", Words(), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remote_starts")),
    )
    op.create_index("ix_remote_starts_organisation_id", "remote_starts", ["organisation", "id"], unique=False)
    op.create_index("ix_remote_starts_station_until", "remote_starts", ["station", "until"], unique=False)
    op.create_index("ix_remote_starts_station_number", "remote_starts", ["station", "number"], unique=False)

"""Boots of a station, templates for its first acceptance, and values on their way to many stations."""

import sqlalchemy as sa
from alembic import op

from amperanto.stores.columns import Timestamp, Words

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("stations", sa.Column("boots", Words(), nullable=True))
    op.add_column("stations", sa.Column("boot_loop_since", Timestamp(), nullable=True))
    op.add_column("stations", sa.Column("onboarding", Words(), nullable=True))
    op.add_column("templates", sa.Column("first_use", Words(), nullable=True))
    op.create_table(
        "rollouts",
        sa.Column("id", Words(), nullable=False),
        sa.Column("organisation", Words(), nullable=False),
        sa.Column("name", Words(), nullable=False),
        sa.Column("stations", sa.BigInteger(), nullable=False),
        sa.Column("started_at", Timestamp(), nullable=False),
        sa.Column("started_by", Words(), nullable=False),
        sa.Column("cancelled_at", Timestamp(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rollouts")),
    )
    op.create_index("ix_rollouts_organisation_id", "rollouts", ["organisation", "id"], unique=False)

"""What stations do that the standard does not say, counted."""

import sqlalchemy as sa
from alembic import op

from amperanto.stores.columns import Timestamp, Words

revision = "0006"
down_revision = "0005"
KEY = ("station", "kind", "message", "direction", "place", "detail")


def upgrade() -> None:
    op.create_table(
        "oddities",
        *(sa.Column(name, Words(), nullable=False) for name in KEY),
        sa.Column("organisation", Words(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("first_at", Timestamp(), nullable=False),
        sa.Column("last_at", Timestamp(), nullable=False),
        sa.PrimaryKeyConstraint(*KEY, name=op.f("pk_oddities")),
    )

"""What is doubtful about a transaction, and reviews that say about what they are and how they ended."""

import sqlalchemy as sa
from alembic import op

from amperanto.stores.columns import Words

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("transactions", sa.Column("judgement", Words(), nullable=True))
    for name in ("kind", "subject", "evidence", "resolution", "settled_by"):
        op.add_column("reviews", sa.Column(name, Words(), nullable=True))

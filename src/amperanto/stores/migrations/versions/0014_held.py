"""Which review a held transaction waits for, so that what is held is found at once."""

import sqlalchemy as sa
from alembic import op

from amperanto.stores.columns import Words
from amperanto.stores.planning import statements

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("transactions", sa.Column("review", Words(), nullable=True))
    # A judgement is kept as JSON: what was found, what was decided, the review that waits.
    sqlite = op.get_bind().dialect.name == "sqlite"
    review = "json_extract(judgement, '$[2]')" if sqlite else "CAST(judgement AS jsonb) ->> 2"
    op.execute(f"UPDATE transactions SET review = {review} WHERE judgement IS NOT NULL")  # noqa: S608 - our own words
    op.create_index(
        "ix_transactions_held",
        "transactions",
        ["organisation", "id"],
        unique=False,
        sqlite_where=sa.text("review IS NOT NULL"),
        postgresql_where=sa.text("review IS NOT NULL"),
    )
    if sqlite:
        for statement in statements():
            op.execute(statement)

"""What transactions are looked for by: their station, start, token, and whether they are open."""

import sqlalchemy as sa
from alembic import op

from amperanto.stores.columns import Words
from amperanto.stores.planning import statements

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("transactions", sa.Column("token_key", Words(), nullable=True))
    op.execute("UPDATE transactions SET token_key = lower(token_uid)")  # nothing was released with a large table
    op.create_index("ix_transactions_station_id", "transactions", ["station", "id"], unique=False)
    op.create_index(
        "ix_transactions_organisation_started_at_id", "transactions", ["organisation", "started_at", "id"], unique=False
    )
    op.create_index(
        "ix_transactions_organisation_token_key_id", "transactions", ["organisation", "token_key", "id"], unique=False
    )
    op.create_index(
        "ix_transactions_open",
        "transactions",
        ["organisation", "state", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'Open'"),
        postgresql_where=sa.text("state = 'Open'"),
    )
    if op.get_bind().dialect.name == "sqlite":
        for statement in statements():
            op.execute(statement)

"""Who may charge: hours, places, groups, aliases, what an organisation declares of unknown tokens.

Tokens that were registered before get what they are recognised by in another spelling.
"""

import sqlalchemy as sa
from alembic import op

from amperanto.domain.likeness import likenesses
from amperanto.stores.columns import Timestamp, Words

revision = "0010"
down_revision = "0009"

TOKENS = ("schedule", "places", "credit", "language1", "language2", "message", "aliases", "alike", "alike_number")


def upgrade() -> None:
    for table, name in (
        ("sites", "unknown_tokens"),
        ("stations", "unknown_tokens"),
        *(("tokens", name) for name in TOKENS),
        ("local_lists", "reasons"),
        ("local_list_entries", "evses"),
    ):
        op.add_column(table, sa.Column(name, Words(), nullable=True))
    op.add_column("stations", sa.Column("cache_cleared_at", Timestamp(), nullable=True))
    op.create_table(
        "declarations",
        sa.Column("organisation", Words(), nullable=False),
        sa.Column("unknown_tokens", Words(), nullable=True),
        sa.Column("clear_caches", Words(), nullable=True),
        sa.Column("tokens_changed_at", Timestamp(), nullable=True),
        sa.ForeignKeyConstraint(["organisation"], ["organisations.id"], name=op.f("fk_declarations_organisation")),
        sa.PrimaryKeyConstraint("organisation", name=op.f("pk_declarations")),
    )
    op.create_table(
        "token_aliases",
        sa.Column("organisation", Words(), nullable=False),
        sa.Column("alias_key", Words(), nullable=False),
        sa.Column("token", Words(), nullable=False),
        sa.PrimaryKeyConstraint("organisation", "alias_key", name=op.f("pk_token_aliases")),
    )
    op.create_index("ix_token_aliases_token", "token_aliases", ["token"], unique=False)
    op.create_table(
        "token_groups",
        sa.Column("organisation", Words(), nullable=False),
        sa.Column("name_key", Words(), nullable=False),
        sa.Column("name", Words(), nullable=False),
        sa.Column("status", Words(), nullable=False),
        sa.Column("expires_at", Timestamp(), nullable=True),
        sa.Column("schedule", Words(), nullable=True),
        sa.Column("places", Words(), nullable=True),
        sa.Column("master_pass", sa.Boolean(), nullable=False),
        sa.Column("note", Words(), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["organisation"], ["organisations.id"], name=op.f("fk_token_groups_organisation")),
        sa.PrimaryKeyConstraint("organisation", "name_key", name=op.f("pk_token_groups")),
    )
    _recognise()
    op.create_index("ix_tokens_organisation_alike", "tokens", ["organisation", "alike"], unique=False)
    op.create_index("ix_tokens_organisation_alike_number", "tokens", ["organisation", "alike_number"], unique=False)


def _recognise() -> None:
    """Tokens are few beside what is told of them: their rows are the only ones that are written again."""
    tokens = sa.table("tokens", sa.column("id"), sa.column("uid"), sa.column("alike"), sa.column("alike_number"))
    connection = op.get_bind()
    for row in connection.execute(sa.select(tokens.c.id, tokens.c.uid)).all():
        alike, alike_number = (*likenesses(row.uid), None, None)[:2]
        connection.execute(
            sa.update(tokens).where(tokens.c.id == row.id).values(alike=alike, alike_number=alike_number)
        )

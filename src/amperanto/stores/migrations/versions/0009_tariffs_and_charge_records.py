"""Tariffs, for whom they hold, by what charges are priced, and the records of charges, which never change."""

import sqlalchemy as sa
from alembic import op

from amperanto.stores.columns import Timestamp, Words
from amperanto.stores.immutable import guards

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "tariffs",
        sa.Column("organisation", Words(), nullable=False),
        sa.Column("name", Words(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("body", Words(), nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.Column("created_by", Words(), nullable=False),
        sa.ForeignKeyConstraint(["organisation"], ["organisations.id"], name=op.f("fk_tariffs_organisation")),
        sa.PrimaryKeyConstraint("organisation", "name", "number", name=op.f("pk_tariffs")),
    )
    op.create_table(
        "tariff_assignments",
        sa.Column("organisation", Words(), nullable=False),
        sa.Column("scope", Words(), nullable=False),
        sa.Column("subject", Words(), nullable=False),
        sa.Column("tariff", Words(), nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.Column("created_by", Words(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation"], ["organisations.id"], name=op.f("fk_tariff_assignments_organisation")
        ),
        sa.PrimaryKeyConstraint("organisation", "scope", "subject", name=op.f("pk_tariff_assignments")),
    )
    op.create_index("ix_tariff_assignments_organisation_tariff", "tariff_assignments", ["organisation", "tariff"])
    op.create_table(
        "charge_facts",
        sa.Column("transaction_id", Words(), nullable=False),
        sa.Column("kind", Words(), nullable=False),
        sa.Column("at", Timestamp(), nullable=False),
        sa.Column("body", Words(), nullable=False),
        sa.Column("organisation", Words(), nullable=False),
        sa.Column("tariff", Words(), nullable=True),
        sa.PrimaryKeyConstraint("transaction_id", "kind", "at", "body", name=op.f("pk_charge_facts")),
    )
    op.create_index("ix_charge_facts_organisation_tariff", "charge_facts", ["organisation", "tariff"])
    op.create_table(
        "charge_records",
        sa.Column("id", Words(), nullable=False),
        sa.Column("organisation", Words(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("kind", Words(), nullable=False),
        sa.Column("transaction_id", Words(), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.Column("station", Words(), nullable=False),
        sa.Column("token_key", Words(), nullable=True),
        sa.Column("issued_at", Timestamp(), nullable=False),
        sa.Column("currency", Words(), nullable=True),
        sa.Column("net", Words(), nullable=True),
        sa.Column("gross", Words(), nullable=True),
        sa.Column("corrects", Words(), nullable=True),
        sa.Column("body", Words(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_charge_records")),
    )
    op.create_index("uq_charge_records_organisation_number", "charge_records", ["organisation", "number"], unique=True)
    op.create_index("uq_charge_records_transaction_id_turn", "charge_records", ["transaction_id", "turn"], unique=True)
    op.create_index("ix_charge_records_organisation_issued_at", "charge_records", ["organisation", "issued_at"])
    op.create_index("ix_charge_records_station", "charge_records", ["station", "number"])
    for statement in guards(op.get_bind().dialect.name):
        op.execute(statement)

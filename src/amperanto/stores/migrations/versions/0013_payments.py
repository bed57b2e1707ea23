"""Ad hoc payments, and what QR codes are made of."""

import sqlalchemy as sa
from alembic import op

from amperanto.stores.columns import Timestamp, Words

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "payments",
        sa.Column("id", Words(), nullable=False),
        sa.Column("organisation", Words(), nullable=False),
        sa.Column("station", Words(), nullable=False),
        sa.Column("kind", Words(), nullable=False),
        sa.Column("state", Words(), nullable=False),
        sa.Column("settled_by_csms", sa.Boolean(), nullable=False),
        sa.Column("currency", Words(), nullable=True),
        sa.Column("psp_ref", Words(), nullable=True),
        sa.Column("evse", sa.BigInteger(), nullable=True),
        sa.Column("amount", Words(), nullable=True),
        sa.Column("authorized", Words(), nullable=True),
        sa.Column("captured", Words(), nullable=False),
        sa.Column("refunded", Words(), nullable=False),
        sa.Column("cost", Words(), nullable=True),
        sa.Column("limits", Words(), nullable=False),
        sa.Column("limit_told", sa.Boolean(), nullable=False),
        sa.Column("remote_start", sa.BigInteger(), nullable=True),
        sa.Column("start_sent", sa.Boolean(), nullable=False),
        sa.Column("start_by", Timestamp(), nullable=True),
        sa.Column("transaction_id", Words(), nullable=True),
        sa.Column("reference", Words(), nullable=True),
        sa.Column("step", Words(), nullable=True),
        sa.Column("steps", sa.BigInteger(), nullable=False),
        sa.Column("receipt_id", Words(), nullable=True),
        sa.Column("receipt_url", Words(), nullable=True),
        sa.Column("vat_number", Words(), nullable=True),
        sa.Column("company", Words(), nullable=True),
        sa.Column("details", Words(), nullable=False),
        sa.Column("problem", Words(), nullable=True),
        sa.Column("created_at", Timestamp(), nullable=True),
        sa.Column("ended_at", Timestamp(), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
    )
    op.create_index("ix_payments_organisation_id", "payments", ["organisation", "id"], unique=False)
    op.create_index("uq_payments_station_psp_ref", "payments", ["station", "psp_ref"], unique=True)
    op.create_index("ix_payments_organisation_psp_ref", "payments", ["organisation", "psp_ref"], unique=False)
    op.create_index("ix_payments_transaction_id", "payments", ["transaction_id"], unique=False)
    op.create_table(
        "payment_codes",
        sa.Column("station", Words(), nullable=False),
        sa.Column("organisation", Words(), nullable=False),
        sa.Column("secret", Words(), nullable=True),
        sa.Column("sent", Words(), nullable=True),
        sa.Column("validity", sa.BigInteger(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("set_at", Timestamp(), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("station", name=op.f("pk_payment_codes")),
    )

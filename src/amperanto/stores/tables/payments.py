"""What is paid on the spot: payments, and what a station's QR codes are made of. Amounts are decimal text."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table

from amperanto.stores.columns import Words
from amperanto.stores.tables.ground import flag, id_, instant, metadata, number, organisation, words

payments = Table(
    "payments",
    metadata,
    id_(),
    organisation(),
    words("station"),
    words("kind"),
    words("state"),
    flag("settled_by_csms"),
    words("currency", null=True),
    words("psp_ref", null=True),
    number("evse", null=True),
    words("amount", null=True),
    words("authorized", null=True),
    words("captured"),
    words("refunded"),
    words("cost", null=True),
    words("limits"),
    flag("limit_told"),
    number("remote_start", null=True),
    flag("start_sent"),
    instant("start_by", null=True),
    words("transaction_id", null=True),
    words("reference", null=True),
    # What the provider must do now, as JSON; and how many steps there were.
    words("step", null=True),
    number("steps"),
    words("receipt_id", null=True),
    words("receipt_url", null=True),
    words("vat_number", null=True),
    words("company", null=True),
    words("details"),
    words("problem", null=True),
    instant("created_at", null=True),
    instant("ended_at", null=True),
    number("revision"),
    Index("ix_payments_organisation_id", "organisation", "id"),
    Index("uq_payments_station_psp_ref", "station", "psp_ref", unique=True),
    Index("ix_payments_organisation_psp_ref", "organisation", "psp_ref"),
    Index("ix_payments_transaction_id", "transaction_id"),
)

payment_codes = Table(
    "payment_codes",
    metadata,
    Column("station", Words, primary_key=True),
    organisation(),
    # What the station has, and what it was sent last and did not confirm yet: both are good meanwhile.
    words("secret", null=True),
    words("sent", null=True),
    number("validity"),
    number("length"),
    instant("set_at", null=True),
    number("revision"),
)

"""What charging costs: tariffs, for whom they hold, what a charge is priced by, and the records of charges.

Rows of `tariffs`, `charge_facts` and `charge_records` are never changed; the last of these by no statement at all: the
database itself refuses it (`immutable.py`).
"""

from __future__ import annotations

from sqlalchemy import Index, PrimaryKeyConstraint, Table

from amperanto.stores.tables.ground import id_, instant, metadata, number, organisation, words

tariffs = Table(
    "tariffs",
    metadata,
    organisation(known=True),
    words("name"),
    number("number"),
    words("body"),
    instant("created_at"),
    words("created_by"),
    PrimaryKeyConstraint("organisation", "name", "number"),
)

tariff_assignments = Table(
    "tariff_assignments",
    metadata,
    organisation(known=True),
    words("scope"),
    words("subject"),
    words("tariff"),
    instant("created_at"),
    words("created_by"),
    PrimaryKeyConstraint("organisation", "scope", "subject"),
    Index("ix_tariff_assignments_organisation_tariff", "organisation", "tariff"),
)

charge_facts = Table(
    "charge_facts",
    metadata,
    words("transaction_id"),
    words("kind"),
    instant("at"),
    words("body"),
    organisation(),
    # The tariff's name, so that one in use is known to be.
    words("tariff", null=True),
    PrimaryKeyConstraint("transaction_id", "kind", "at", "body"),
    Index("ix_charge_facts_organisation_tariff", "organisation", "tariff"),
)

charge_records = Table(
    "charge_records",
    metadata,
    id_(),
    organisation(),
    number("number"),
    words("kind"),
    words("transaction_id"),
    # 0 for the first record of a transaction, then one more for each credit and correction.
    number("turn"),
    words("station"),
    words("token_key", null=True),
    instant("issued_at"),
    words("currency", null=True),
    words("net", null=True),
    words("gross", null=True),
    words("corrects", null=True),
    words("body"),
    Index("uq_charge_records_organisation_number", "organisation", "number", unique=True),
    Index("uq_charge_records_transaction_id_turn", "transaction_id", "turn", unique=True),
    Index("ix_charge_records_organisation_issued_at", "organisation", "issued_at"),
    Index("ix_charge_records_station", "station", "number"),
)

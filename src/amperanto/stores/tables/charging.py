"""What is charged: tokens, transactions, readings, reservations, lists of tokens."""

from __future__ import annotations

from sqlalchemy import Column, Index, PrimaryKeyConstraint, Table, text

from amperanto.stores.columns import Words
from amperanto.stores.tables.ground import flag, id_, instant, metadata, number, organisation, words

tokens = Table(
    "tokens",
    metadata,
    id_(),
    organisation(known=True),
    words("uid"),
    words("token_key"),
    words("type"),
    words("status"),
    words("token_group", null=True),
    instant("expires_at", null=True),
    number("concurrent_limit", null=True),
    instant("created_at", null=True),
    words("note", null=True),
    number("revision"),
    words("schedule", null=True),
    words("places", null=True),
    words("credit", null=True),
    words("language1", null=True),
    words("language2", null=True),
    words("message", null=True),
    words("aliases", null=True),
    # What it may be recognised by in another spelling: as text or octets, and as a number.
    words("alike", null=True),
    words("alike_number", null=True),
    Index("uq_tokens_organisation_token_key", "organisation", "token_key", unique=True),
    Index("ix_tokens_organisation_alike", "organisation", "alike"),
    Index("ix_tokens_organisation_alike_number", "organisation", "alike_number"),
)

# Other spellings of tokens' uids, for the look-up; a token's own row names them, too.
token_aliases = Table(
    "token_aliases",
    metadata,
    organisation(),
    words("alias_key"),
    words("token"),
    PrimaryKeyConstraint("organisation", "alias_key"),
    Index("ix_token_aliases_token", "token"),
)

token_groups = Table(
    "token_groups",
    metadata,
    organisation(known=True),
    words("name_key"),
    words("name"),
    words("status"),
    instant("expires_at", null=True),
    words("schedule", null=True),
    words("places", null=True),
    flag("master_pass"),
    words("note", null=True),
    number("revision"),
    PrimaryKeyConstraint("organisation", "name_key"),
)

transactions = Table(
    "transactions",
    metadata,
    id_(),
    organisation(),
    words("station"),
    words("reference"),
    number("number", null=True),
    words("state"),
    number("evse", null=True),
    number("connector", null=True),
    words("token_uid", null=True),
    words("token_type", null=True),
    # The token's key while this transaction counts against the token's limit: open, and not refused.
    words("open_token_key", null=True),
    words("authorization", null=True),
    instant("started_at", null=True),
    instant("ended_at", null=True),
    words("charging", null=True),
    words("reason", null=True),
    words("energy_wh", null=True),
    number("remote_start", null=True),
    number("reservation", null=True),
    flag("offline"),
    instant("received_at", null=True),
    words("flags"),
    words("marks"),
    number("revision"),
    words("judgement", null=True),
    # The token's key, to look for its transactions by.
    words("token_key", null=True),
    # The review that waits for a decision, while one does: what is held.
    words("review", null=True),
    Index("ix_transactions_station_id", "station", "id"),
    Index("ix_transactions_organisation_started_at_id", "organisation", "started_at", "id"),
    Index("ix_transactions_organisation_token_key_id", "organisation", "token_key", "id"),
    Index(
        "ix_transactions_open",
        "organisation",
        "state",
        "id",
        sqlite_where=text("state = 'Open'"),
        postgresql_where=text("state = 'Open'"),
    ),
    Index(
        "ix_transactions_held",
        "organisation",
        "id",
        sqlite_where=text("review IS NOT NULL"),
        postgresql_where=text("review IS NOT NULL"),
    ),
    Index("ix_transactions_organisation_id", "organisation", "id"),
    Index("ix_transactions_station_reference", "station", "reference"),
    Index("ix_transactions_station_started_at", "station", "started_at"),
    Index("ix_transactions_open_token_key", "organisation", "open_token_key"),
    Index("uq_transactions_number", "number", unique=True),
    Index(
        "uq_transactions_open_reference",
        "station",
        "reference",
        unique=True,
        sqlite_where=text("state = 'Open'"),
        postgresql_where=text("state = 'Open'"),
    ),
)

meter_values = Table(
    "meter_values",
    metadata,
    words("station"),
    instant("at"),
    words("digest"),
    organisation(),
    words("transaction_id", null=True),
    number("evse", null=True),
    number("connector", null=True),
    words("samples"),
    # Whose readings these are: the transaction's, or those of the station where nobody charges.
    words("series"),
    PrimaryKeyConstraint("series", "at", "digest"),
)

reservations = Table(
    "reservations",
    metadata,
    id_(),
    organisation(),
    words("station"),
    number("number"),
    words("state"),
    number("evse", null=True),
    words("connector_type", null=True),
    words("token_uid"),
    words("token_type"),
    words("token_group", null=True),
    words("answer", null=True),
    instant("created_at"),
    instant("expires_at"),
    instant("ended_at", null=True),
    # When it expires, while the station may hold it: what is live, and what falls due.
    instant("open_until", null=True),
    words("transaction_id", null=True),
    number("revision"),
    Index("ix_reservations_organisation_id", "organisation", "id"),
    Index("ix_reservations_station_number", "station", "number"),
    Index("ix_reservations_station_open_until", "station", "open_until"),
    Index("ix_reservations_open_until", "open_until"),
)

local_lists = Table(
    "local_lists",
    metadata,
    Column("station", Words, primary_key=True),
    organisation(),
    words("wanted", null=True),
    number("version"),
    # Marks of what was wanted: what the station was brought to, and what was tried last.
    words("brought_to", null=True),
    words("tried", null=True),
    words("result", null=True),
    words("detail", null=True),
    number("left_out"),
    instant("at", null=True),
    # Why tokens were left out, and how many each: JSON.
    words("reasons", null=True),
    Index("ix_local_lists_organisation_wanted", "organisation", "wanted"),
)

local_list_entries = Table(
    "local_list_entries",
    metadata,
    words("station"),
    words("token_key"),
    organisation(),
    words("uid"),
    words("type"),
    words("status"),
    words("token_group", null=True),
    instant("expires_at", null=True),
    words("evses", null=True),
    PrimaryKeyConstraint("station", "token_key"),
)

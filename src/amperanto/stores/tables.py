"""The schema, once for both databases. Migrations (migrations/) bring older databases to it; a test compares.

Each row that belongs to somebody carries its organisation (D9, R15). Keys of rows that are appended without
end (messages, meter values) contain their time, so that months can be partitions in PostgreSQL (R7). Places
are kept as two integers, with -1 where no connector is named. What is current and what was (intervals) stand
in two tables; an interval without an end is the one that lasts, and there is one at most.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    text,
)

from amperanto.stores.columns import Timestamp, Words

HEAD = "0001"

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _words(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, Words, nullable=null)


def _number(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=null)


def _instant(name: str, *, null: bool = False) -> Column[object]:
    return Column(name, Timestamp, nullable=null)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


def _id() -> Column[str]:
    return Column("id", Words, primary_key=True)


def _organisation(*, known: bool = False) -> Column[str]:
    """The owner; `known` where a row is made by a person, so that the owner is checked to exist."""
    owner = [ForeignKey("organisations.id")] if known else []
    return Column("organisation", Words, *owner, nullable=False)


def _place() -> list[Column[int]]:
    return [_number("evse"), _number("connector")]


organisations = Table("organisations", metadata, _id(), _words("name"), _instant("created_at"))

stations = Table(
    "stations",
    metadata,
    _id(),
    _organisation(known=True),
    _words("identity"),
    _words("identity_key"),
    _words("registration"),
    _words("admitted", null=True),
    _number("heartbeat_interval"),
    _number("ping_interval", null=True),
    _words("tolerance"),
    _flag("quiet"),
    _number("security_profile"),
    _words("password_hash", null=True),
    _words("hardware", null=True),
    _words("ocpp_version", null=True),
    _instant("last_seen", null=True),
    _instant("booted_at", null=True),
    _instant("created_at", null=True),
    _number("revision"),
    Index("uq_stations_organisation_identity_key", "organisation", "identity_key", unique=True),
    Index("ix_stations_identity_key", "identity_key"),
)

tokens = Table(
    "tokens",
    metadata,
    _id(),
    _organisation(known=True),
    _words("uid"),
    _words("token_key"),
    _words("type"),
    _words("status"),
    _words("token_group", null=True),
    _instant("expires_at", null=True),
    _number("concurrent_limit", null=True),
    _instant("created_at", null=True),
    _words("note", null=True),
    _number("revision"),
    Index("uq_tokens_organisation_token_key", "organisation", "token_key", unique=True),
)

transactions = Table(
    "transactions",
    metadata,
    _id(),
    _organisation(),
    _words("station"),
    _words("reference"),
    _number("number", null=True),
    _words("state"),
    _number("evse", null=True),
    _number("connector", null=True),
    _words("token_uid", null=True),
    _words("token_type", null=True),
    # The token's key while this transaction counts against the token's limit: open, and not refused.
    _words("open_token_key", null=True),
    _words("authorization", null=True),
    _instant("started_at", null=True),
    _instant("ended_at", null=True),
    _words("charging", null=True),
    _words("reason", null=True),
    _words("energy_wh", null=True),
    _number("remote_start", null=True),
    _number("reservation", null=True),
    _flag("offline"),
    _instant("received_at", null=True),
    _words("flags"),
    _words("marks"),
    _number("revision"),
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
    _words("station"),
    _instant("at"),
    _words("digest"),
    _organisation(),
    _words("transaction_id", null=True),
    _number("evse", null=True),
    _number("connector", null=True),
    _words("samples"),
    PrimaryKeyConstraint("station", "at", "digest"),
    Index("ix_meter_values_transaction_id_at", "transaction_id", "at"),
)

connectors = Table(
    "connectors",
    metadata,
    _words("station"),
    *_place(),
    _organisation(),
    _words("availability"),
    _words("charging", null=True),
    _words("fault", null=True),
    _instant("since"),
    _words("native", null=True),
    PrimaryKeyConstraint("station", "evse", "connector"),
)

availability_intervals = Table(
    "availability_intervals",
    metadata,
    _id(),
    _organisation(),
    _words("station"),
    *_place(),
    _instant("from_at"),
    _instant("to_at", null=True),
    _words("availability"),
    _words("charging", null=True),
    _words("fault", null=True),
    Index("ix_availability_intervals_station_from_at", "station", "from_at"),
    Index(
        "uq_availability_intervals_lasting",
        "station",
        "evse",
        "connector",
        unique=True,
        sqlite_where=text("to_at IS NULL"),
        postgresql_where=text("to_at IS NULL"),
    ),
)

connections = Table(
    "connections",
    metadata,
    Column("station", Words, primary_key=True),
    _organisation(),
    _words("node", null=True),
    _number("fence"),
    _instant("since"),
    _words("remote"),
    _words("version"),
    Index("ix_connections_node", "node"),
)

connection_intervals = Table(
    "connection_intervals",
    metadata,
    _id(),
    _organisation(),
    _words("station"),
    _words("node"),
    _number("fence"),
    _instant("from_at"),
    _instant("to_at", null=True),
    _number("close_code", null=True),
    _words("cause", null=True),
    _words("remote"),
    _words("version"),
    Index("ix_connection_intervals_station_from_at", "station", "from_at"),
    Index(
        "uq_connection_intervals_lasting",
        "station",
        unique=True,
        sqlite_where=text("to_at IS NULL"),
        postgresql_where=text("to_at IS NULL"),
    ),
)

messages = Table(
    "messages",
    metadata,
    _instant("at"),
    _words("station"),
    _number("connection"),
    _number("number"),
    _words("direction"),
    _organisation(),
    _words("action", null=True),
    _words("message_id", null=True),
    _words("frame"),
    _words("result", null=True),
    _words("violations"),
    PrimaryKeyConstraint("at", "station", "connection", "number", "direction"),
    Index("ix_messages_station_at", "station", "at"),
)

outbox = Table(
    "outbox",
    metadata,
    _words("node"),
    _number("sequence"),
    _instant("at"),
    _organisation(),
    _words("name"),
    _words("body"),
    PrimaryKeyConstraint("node", "sequence"),
    Index("ix_outbox_at", "at"),
)

outbox_nodes = Table("outbox_nodes", metadata, Column("node", Words, primary_key=True), _number("last"))

outbox_cursors = Table(
    "outbox_cursors",
    metadata,
    _words("name"),
    _words("node"),
    _number("position"),
    PrimaryKeyConstraint("name", "node"),
)

inbox = Table(
    "inbox",
    metadata,
    _organisation(),
    _words("identity_key"),
    _words("identity"),
    _instant("first_seen"),
    _instant("last_seen"),
    _number("tries"),
    _words("remote"),
    _words("offered"),
    _words("reason"),
    PrimaryKeyConstraint("organisation", "identity_key"),
    Index("ix_inbox_organisation_last_seen", "organisation", "last_seen"),
)

keys = Table(
    "keys",
    metadata,
    _id(),
    _organisation(known=True),
    _words("name"),
    _words("hash"),
    _words("scopes"),
    _instant("created_at"),
    Index("uq_keys_hash", "hash", unique=True),
)

reservations = Table(
    "reservations",
    metadata,
    _id(),
    _organisation(),
    _words("station"),
    _number("number"),
    _words("state"),
    _number("evse", null=True),
    _words("connector_type", null=True),
    _words("token_uid"),
    _words("token_type"),
    _words("token_group", null=True),
    _words("answer", null=True),
    _instant("created_at"),
    _instant("expires_at"),
    _instant("ended_at", null=True),
    # When it expires, while the station may hold it: what is live, and what falls due.
    _instant("open_until", null=True),
    _words("transaction_id", null=True),
    _number("revision"),
    Index("ix_reservations_organisation_id", "organisation", "id"),
    Index("ix_reservations_station_number", "station", "number"),
    Index("ix_reservations_station_open_until", "station", "open_until"),
    Index("ix_reservations_open_until", "open_until"),
)

reviews = Table(
    "reviews",
    metadata,
    _id(),
    _organisation(),
    _words("station"),
    _instant("at"),
    _words("action"),
    _words("message"),
    _words("problem"),
    _instant("settled_at", null=True),
    Index("ix_reviews_organisation_id", "organisation", "id"),
)

device_variables = Table(
    "device_variables",
    metadata,
    _words("station"),
    _words("variable_key"),
    _organisation(),
    _words("component"),
    _words("component_instance", null=True),
    _number("evse", null=True),
    _number("connector", null=True),
    _words("variable"),
    _words("variable_instance", null=True),
    _words("attribute"),
    _words("value", null=True),
    _words("mutability"),
    _flag("persistent"),
    _flag("constant"),
    _words("characteristics", null=True),
    _instant("seen_at"),
    _words("source"),
    _words("told_by", null=True),
    _words("pending", null=True),
    _instant("reboot_since", null=True),
    PrimaryKeyConstraint("station", "variable_key"),
)

device_changes = Table(
    "device_changes",
    metadata,
    _id(),
    _organisation(),
    _words("station"),
    _instant("at"),
    _words("variable"),
    _words("attribute"),
    _words("before", null=True),
    _words("after", null=True),
    _words("source"),
    _words("told_by", null=True),
    Index("ix_device_changes_station_id", "station", "id"),
)

templates = Table(
    "templates",
    metadata,
    _organisation(known=True),
    _words("name_key"),
    _words("name"),
    _words("wanted"),
    _instant("changed_at"),
    _words("changed_by"),
    PrimaryKeyConstraint("organisation", "name_key"),
)

# What somebody wants a station to be, until it is: `kind` says which block's business the wish is.
desired_states = Table(
    "desired_states",
    metadata,
    _id(),
    _organisation(),
    _words("station"),
    _words("kind"),
    _words("subject_key"),
    _words("body"),
    _words("state"),
    _instant("wanted_at"),
    _words("wanted_by"),
    _instant("expires_at"),
    _number("attempts"),
    _words("result", null=True),
    _instant("settled_at", null=True),
    Index("ix_desired_states_station_id", "station", "id"),
    Index("ix_desired_states_state_expires_at", "state", "expires_at"),
    Index(
        "uq_desired_states_waiting",
        "station",
        "kind",
        "subject_key",
        unique=True,
        sqlite_where=text("state = 'Waiting'"),
        postgresql_where=text("state = 'Waiting'"),
    ),
)

local_lists = Table(
    "local_lists",
    metadata,
    Column("station", Words, primary_key=True),
    _organisation(),
    _words("wanted", null=True),
    _number("version"),
    # Marks of what was wanted: what the station was brought to, and what was tried last.
    _words("brought_to", null=True),
    _words("tried", null=True),
    _words("result", null=True),
    _words("detail", null=True),
    _number("left_out"),
    _instant("at", null=True),
    Index("ix_local_lists_organisation_wanted", "organisation", "wanted"),
)

local_list_entries = Table(
    "local_list_entries",
    metadata,
    _words("station"),
    _words("token_key"),
    _organisation(),
    _words("uid"),
    _words("type"),
    _words("status"),
    _words("token_group", null=True),
    _instant("expires_at", null=True),
    PrimaryKeyConstraint("station", "token_key"),
)

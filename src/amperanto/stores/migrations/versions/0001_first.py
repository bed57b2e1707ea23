"""The first schema: one owner's stations, tokens, transactions and what was said about them."""

import sqlalchemy as sa
from alembic import op

from amperanto.domain.ids import utc_now
from amperanto.stores.columns import Timestamp, Words

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "availability_intervals",
        sa.Column("id", Words(), nullable=False),
        sa.Column("organisation", Words(), nullable=False),
        sa.Column("station", Words(), nullable=False),
        sa.Column("evse", sa.BigInteger(), nullable=False),
        sa.Column("connector", sa.BigInteger(), nullable=False),
        sa.Column("from_at", Timestamp(), nullable=False),
        sa.Column("to_at", Timestamp(), nullable=True),
        sa.Column("availability", Words(), nullable=False),
        sa.Column("charging", Words(), nullable=True),
        sa.Column("fault", Words(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_availability_intervals")),
    )
    op.create_index(
        "ix_availability_intervals_station_from_at",
        "availability_intervals",
        ["station", "from_at"],
        unique=False,
    )
    op.create_index(
        "uq_availability_intervals_lasting",
        "availability_intervals",
        ["station", "evse", "connector"],
        unique=True,
        sqlite_where=sa.text("to_at IS NULL"),
        postgresql_where=sa.text("to_at IS NULL"),
    )
    op.create_table(
        "connection_intervals",
        sa.Column("id", Words(), nullable=False),
        sa.Column("organisation", Words(), nullable=False),
        sa.Column("station", Words(), nullable=False),
        sa.Column("node", Words(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("from_at", Timestamp(), nullable=False),
        sa.Column("to_at", Timestamp(), nullable=True),
        sa.Column("close_code", sa.BigInteger(), nullable=True),
        sa.Column("cause", Words(), nullable=True),
        sa.Column("remote", Words(), nullable=False),
        sa.Column("version", Words(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connection_intervals")),
    )
    op.create_index(
        "ix_connection_intervals_station_from_at",
        "connection_intervals",
        ["station", "from_at"],
        unique=False,
    )
    op.create_index(
        "uq_connection_intervals_lasting",
        "connection_intervals",
        ["station"],
        unique=True,
        sqlite_where=sa.text("to_at IS NULL"),
        postgresql_where=sa.text("to_at IS NULL"),
    )
    op.create_table(
        "connections",
        sa.Column("station", Words(), nullable=False),
        sa.Column("organisation", Words(), nullable=False),
        sa.Column("node", Words(), nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("since", Timestamp(), nullable=False),
        sa.Column("remote", Words(), nullable=False),
        sa.Column("version", Words(), nullable=False),
        sa.PrimaryKeyConstraint("station", name=op.f("pk_connections")),
    )
    op.create_index("ix_connections_node", "connections", ["node"], unique=False)
    op.create_table(
        "connectors",
        sa.Column("station", Words(), nullable=False),
        sa.Column("evse", sa.BigInteger(), nullable=False),
        sa.Column("connector", sa.BigInteger(), nullable=False),
        sa.Column("organisation", Words(), nullable=False),
        sa.Column("availability", Words(), nullable=False),
        sa.Column("charging", Words(), nullable=True),
        sa.Column("fault", Words(), nullable=True),
        sa.Column("since", Timestamp(), nullable=False),
        sa.Column("native", Words(), nullable=True),
        sa.PrimaryKeyConstraint("station", "evse", "connector", name=op.f("pk_connectors")),
    )
    op.create_table(
        "inbox",
        sa.Column("organisation", Words(), nullable=False),
        sa.Column("identity_key", Words(), nullable=False),
        sa.Column("identity", Words(), nullable=False),
        sa.Column("first_seen", Timestamp(), nullable=False),
        sa.Column("last_seen", Timestamp(), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("remote", Words(), nullable=False),
        sa.Column("offered", Words(), nullable=False),
        sa.Column("reason", Words(), nullable=False),
        sa.PrimaryKeyConstraint("organisation", "identity_key", name=op.f("pk_inbox")),
    )
    op.create_index("ix_inbox_organisation_last_seen", "inbox", ["organisation", "last_seen"], unique=False)
    op.create_table(
        "messages",
        sa.Column("at", Timestamp(), nullable=False),
        sa.Column("station", Words(), nullable=False),
        sa.Column("connection", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("direction", Words(), nullable=False),
        sa.Column("organisation", Words(), nullable=False),
        sa.Column("action", Words(), nullable=True),
        sa.Column("message_id", Words(), nullable=True),
        sa.Column("frame", Words(), nullable=False),
        sa.Column("result", Words(), nullable=True),
        sa.Column("violations", Words(), nullable=False),
        sa.PrimaryKeyConstraint("at", "station", "connection", "number", "direction", name=op.f("pk_messages")),
    )
    op.create_index("ix_messages_station_at", "messages", ["station", "at"], unique=False)
    op.create_table(
        "meter_values",
        sa.Column("station", Words(), nullable=False),
        sa.Column("at", Timestamp(), nullable=False),
        sa.Column("digest", Words(), nullable=False),
        sa.Column("organisation", Words(), nullable=False),
        sa.Column("transaction_id", Words(), nullable=True),
        sa.Column("evse", sa.BigInteger(), nullable=True),
        sa.Column("connector", sa.BigInteger(), nullable=True),
        sa.Column("samples", Words(), nullable=False),
        sa.PrimaryKeyConstraint("station", "at", "digest", name=op.f("pk_meter_values")),
    )
    op.create_index("ix_meter_values_transaction_id_at", "meter_values", ["transaction_id", "at"], unique=False)
    op.create_table(
        "organisations",
        sa.Column("id", Words(), nullable=False),
        sa.Column("name", Words(), nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisations")),
    )
    op.create_table(
        "outbox",
        sa.Column("node", Words(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("at", Timestamp(), nullable=False),
        sa.Column("organisation", Words(), nullable=False),
        sa.Column("name", Words(), nullable=False),
        sa.Column("body", Words(), nullable=False),
        sa.PrimaryKeyConstraint("node", "sequence", name=op.f("pk_outbox")),
    )
    op.create_index("ix_outbox_at", "outbox", ["at"], unique=False)
    op.create_table(
        "outbox_cursors",
        sa.Column("name", Words(), nullable=False),
        sa.Column("node", Words(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", "node", name=op.f("pk_outbox_cursors")),
    )
    op.create_table(
        "outbox_nodes",
        sa.Column("node", Words(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("node", name=op.f("pk_outbox_nodes")),
    )
    op.create_table(
        "reservations",
        sa.Column("id", Words(), nullable=False),
        sa.Column("organisation", Words(), nullable=False),
        sa.Column("station", Words(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("state", Words(), nullable=False),
        sa.Column("evse", sa.BigInteger(), nullable=True),
        sa.Column("connector_type", Words(), nullable=True),
        sa.Column("token_uid", Words(), nullable=False),
        sa.Column("token_type", Words(), nullable=False),
        sa.Column("token_group", Words(), nullable=True),
        sa.Column("answer", Words(), nullable=True),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.Column("expires_at", Timestamp(), nullable=False),
        sa.Column("ended_at", Timestamp(), nullable=True),
        sa.Column("open_until", Timestamp(), nullable=True),
        sa.Column("transaction_id", Words(), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reservations")),
    )
    op.create_index("ix_reservations_organisation_id", "reservations", ["organisation", "id"], unique=False)
    op.create_index("ix_reservations_station_number", "reservations", ["station", "number"], unique=False)
    op.create_index("ix_reservations_station_open_until", "reservations", ["station", "open_until"], unique=False)
    op.create_index("ix_reservations_open_until", "reservations", ["open_until"], unique=False)
    op.create_table(
        "reviews",
        sa.Column("id", Words(), nullable=False),
        sa.Column("organisation", Words(), nullable=False),
        sa.Column("station", Words(), nullable=False),
        sa.Column("at", Timestamp(), nullable=False),
        sa.Column("action", Words(), nullable=False),
        sa.Column("message", Words(), nullable=False),
        sa.Column("problem", Words(), nullable=False),
        sa.Column("settled_at", Timestamp(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
    )
    op.create_index("ix_reviews_organisation_id", "reviews", ["organisation", "id"], unique=False)
    op.create_table(
        "transactions",
        sa.Column("id", Words(), nullable=False),
        sa.Column("organisation", Words(), nullable=False),
        sa.Column("station", Words(), nullable=False),
        sa.Column("reference", Words(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("state", Words(), nullable=False),
        sa.Column("evse", sa.BigInteger(), nullable=True),
        sa.Column("connector", sa.BigInteger(), nullable=True),
        sa.Column("token_uid", Words(), nullable=True),
        sa.Column("token_type", Words(), nullable=True),
        sa.Column("open_token_key", Words(), nullable=True),
        sa.Column("authorization", Words(), nullable=True),
        sa.Column("started_at", Timestamp(), nullable=True),
        sa.Column("ended_at", Timestamp(), nullable=True),
        sa.Column("charging", Words(), nullable=True),
        sa.Column("reason", Words(), nullable=True),
        sa.Column("energy_wh", Words(), nullable=True),
        sa.Column("remote_start", sa.BigInteger(), nullable=True),
        sa.Column("reservation", sa.BigInteger(), nullable=True),
        sa.Column("offline", sa.Boolean(), nullable=False),
        sa.Column("received_at", Timestamp(), nullable=True),
        sa.Column("flags", Words(), nullable=False),
        sa.Column("marks", Words(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transactions")),
    )
    op.create_index("ix_transactions_open_token_key", "transactions", ["organisation", "open_token_key"], unique=False)
    op.create_index("ix_transactions_organisation_id", "transactions", ["organisation", "id"], unique=False)
    op.create_index("ix_transactions_station_reference", "transactions", ["station", "reference"], unique=False)
    op.create_index("ix_transactions_station_started_at", "transactions", ["station", "started_at"], unique=False)
    op.create_index("uq_transactions_number", "transactions", ["number"], unique=True)
    op.create_index(
        "uq_transactions_open_reference",
        "transactions",
        ["station", "reference"],
        unique=True,
        sqlite_where=sa.text("state = 'Open'"),
        postgresql_where=sa.text("state = 'Open'"),
    )
    op.create_table(
        "keys",
        sa.Column("id", Words(), nullable=False),
        sa.Column("organisation", Words(), nullable=False),
        sa.Column("name", Words(), nullable=False),
        sa.Column("hash", Words(), nullable=False),
        sa.Column("scopes", Words(), nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.ForeignKeyConstraint(["organisation"], ["organisations.id"], name=op.f("fk_keys_organisation")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keys")),
    )
    op.create_index("uq_keys_hash", "keys", ["hash"], unique=True)
    op.create_table(
        "stations",
        sa.Column("id", Words(), nullable=False),
        sa.Column("organisation", Words(), nullable=False),
        sa.Column("identity", Words(), nullable=False),
        sa.Column("identity_key", Words(), nullable=False),
        sa.Column("registration", Words(), nullable=False),
        sa.Column("admitted", Words(), nullable=True),
        sa.Column("heartbeat_interval", sa.BigInteger(), nullable=False),
        sa.Column("ping_interval", sa.BigInteger(), nullable=True),
        sa.Column("tolerance", Words(), nullable=False),
        sa.Column("quiet", sa.Boolean(), nullable=False),
        sa.Column("security_profile", sa.BigInteger(), nullable=False),
        sa.Column("password_hash", Words(), nullable=True),
        sa.Column("hardware", Words(), nullable=True),
        sa.Column("ocpp_version", Words(), nullable=True),
        sa.Column("last_seen", Timestamp(), nullable=True),
        sa.Column("booted_at", Timestamp(), nullable=True),
        sa.Column("created_at", Timestamp(), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["organisation"], ["organisations.id"], name=op.f("fk_stations_organisation")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stations")),
    )
    op.create_index("ix_stations_identity_key", "stations", ["identity_key"], unique=False)
    op.create_index("uq_stations_organisation_identity_key", "stations", ["organisation", "identity_key"], unique=True)
    op.create_table(
        "tokens",
        sa.Column("id", Words(), nullable=False),
        sa.Column("organisation", Words(), nullable=False),
        sa.Column("uid", Words(), nullable=False),
        sa.Column("token_key", Words(), nullable=False),
        sa.Column("type", Words(), nullable=False),
        sa.Column("status", Words(), nullable=False),
        sa.Column("token_group", Words(), nullable=True),
        sa.Column("expires_at", Timestamp(), nullable=True),
        sa.Column("concurrent_limit", sa.BigInteger(), nullable=True),
        sa.Column("created_at", Timestamp(), nullable=True),
        sa.Column("note", Words(), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["organisation"], ["organisations.id"], name=op.f("fk_tokens_organisation")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
    )
    op.create_index("uq_tokens_organisation_token_key", "tokens", ["organisation", "token_key"], unique=True)
    op.create_table(
        "device_variables",
        sa.Column("station", Words(), nullable=False),
        sa.Column("variable_key", Words(), nullable=False),
        sa.Column("organisation", Words(), nullable=False),
        sa.Column("component", Words(), nullable=False),
        sa.Column("component_instance", Words(), nullable=True),
        sa.Column("evse", sa.BigInteger(), nullable=True),
        sa.Column("connector", sa.BigInteger(), nullable=True),
        sa.Column("variable", Words(), nullable=False),
        sa.Column("variable_instance", Words(), nullable=True),
        sa.Column("attribute", Words(), nullable=False),
        sa.Column("value", Words(), nullable=True),
        sa.Column("mutability", Words(), nullable=False),
        sa.Column("persistent", sa.Boolean(), nullable=False),
        sa.Column("constant", sa.Boolean(), nullable=False),
        sa.Column("characteristics", Words(), nullable=True),
        sa.Column("seen_at", Timestamp(), nullable=False),
        sa.Column("source", Words(), nullable=False),
        sa.Column("told_by", Words(), nullable=True),
        sa.Column("pending", Words(), nullable=True),
        sa.Column("reboot_since", Timestamp(), nullable=True),
        sa.PrimaryKeyConstraint("station", "variable_key", name=op.f("pk_device_variables")),
    )
    op.create_table(
        "device_changes",
        sa.Column("id", Words(), nullable=False),
        sa.Column("organisation", Words(), nullable=False),
        sa.Column("station", Words(), nullable=False),
        sa.Column("at", Timestamp(), nullable=False),
        sa.Column("variable", Words(), nullable=False),
        sa.Column("attribute", Words(), nullable=False),
        sa.Column("before", Words(), nullable=True),
        sa.Column("after", Words(), nullable=True),
        sa.Column("source", Words(), nullable=False),
        sa.Column("told_by", Words(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_changes")),
    )
    op.create_index("ix_device_changes_station_id", "device_changes", ["station", "id"], unique=False)
    op.create_table(
        "templates",
        sa.Column("organisation", Words(), nullable=False),
        sa.Column("name_key", Words(), nullable=False),
        sa.Column("name", Words(), nullable=False),
        sa.Column("wanted", Words(), nullable=False),
        sa.Column("changed_at", Timestamp(), nullable=False),
        sa.Column("changed_by", Words(), nullable=False),
        sa.ForeignKeyConstraint(["organisation"], ["organisations.id"], name=op.f("fk_templates_organisation")),
        sa.PrimaryKeyConstraint("organisation", "name_key", name=op.f("pk_templates")),
    )
    op.create_table(
        "desired_states",
        sa.Column("id", Words(), nullable=False),
        sa.Column("organisation", Words(), nullable=False),
        sa.Column("station", Words(), nullable=False),
        sa.Column("kind", Words(), nullable=False),
        sa.Column("subject_key", Words(), nullable=False),
        sa.Column("body", Words(), nullable=False),
        sa.Column("state", Words(), nullable=False),
        sa.Column("wanted_at", Timestamp(), nullable=False),
        sa.Column("wanted_by", Words(), nullable=False),
        sa.Column("expires_at", Timestamp(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("result", Words(), nullable=True),
        sa.Column("settled_at", Timestamp(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desired_states")),
    )
    op.create_index("ix_desired_states_station_id", "desired_states", ["station", "id"], unique=False)
    op.create_index("ix_desired_states_state_expires_at", "desired_states", ["state", "expires_at"], unique=False)
    op.create_index(
        "uq_desired_states_waiting",
        "desired_states",
        ["station", "kind", "subject_key"],
        unique=True,
        sqlite_where=sa.text("state = 'Waiting'"),
        postgresql_where=sa.text("state = 'Waiting'"),
    )
    op.create_table(
        "local_lists",
        sa.Column("station", Words(), nullable=False),
        sa.Column("organisation", Words(), nullable=False),
        sa.Column("wanted", Words(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("brought_to", Words(), nullable=True),
        sa.Column("tried", Words(), nullable=True),
        sa.Column("result", Words(), nullable=True),
        sa.Column("detail", Words(), nullable=True),
        sa.Column("left_out", sa.BigInteger(), nullable=False),
        sa.Column("at", Timestamp(), nullable=True),
        sa.PrimaryKeyConstraint("station", name=op.f("pk_local_lists")),
    )
    op.create_index("ix_local_lists_organisation_wanted", "local_lists", ["organisation", "wanted"], unique=False)
    op.create_table(
        "local_list_entries",
        sa.Column("station", Words(), nullable=False),
        sa.Column("token_key", Words(), nullable=False),
        sa.Column("organisation", Words(), nullable=False),
        sa.Column("uid", Words(), nullable=False),
        sa.Column("type", Words(), nullable=False),
        sa.Column("status", Words(), nullable=False),
        sa.Column("token_group", Words(), nullable=True),
        sa.Column("expires_at", Timestamp(), nullable=True),
        sa.PrimaryKeyConstraint("station", "token_key", name=op.f("pk_local_list_entries")),
    )

    organisations = sa.table(
        "organisations",
        sa.column("id", Words()),
        sa.column("name", Words()),
        sa.column("created_at", Timestamp()),
    )
    op.bulk_insert(organisations, [{"id": "default", "name": "default", "created_at": utc_now()}])

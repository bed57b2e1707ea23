"""What stations are made of, and what they should be."""

from __future__ import annotations

from sqlalchemy import Index, PrimaryKeyConstraint, Table, text

from amperanto.stores.tables.ground import flag, id_, instant, metadata, number, organisation, words

device_variables = Table(
    "device_variables",
    metadata,
    words("station"),
    words("variable_key"),
    organisation(),
    words("component"),
    words("component_instance", null=True),
    number("evse", null=True),
    number("connector", null=True),
    words("variable"),
    words("variable_instance", null=True),
    words("attribute"),
    words("value", null=True),
    words("mutability"),
    flag("persistent"),
    flag("constant"),
    words("characteristics", null=True),
    instant("seen_at"),
    words("source"),
    words("told_by", null=True),
    words("pending", null=True),
    instant("reboot_since", null=True),
    PrimaryKeyConstraint("station", "variable_key"),
)

device_changes = Table(
    "device_changes",
    metadata,
    id_(),
    organisation(),
    words("station"),
    instant("at"),
    words("variable"),
    words("attribute"),
    words("before", null=True),
    words("after", null=True),
    words("source"),
    words("told_by", null=True),
    Index("ix_device_changes_station_id", "station", "id"),
)

templates = Table(
    "templates",
    metadata,
    organisation(known=True),
    words("name_key"),
    words("name"),
    words("wanted"),
    instant("changed_at"),
    words("changed_by"),
    words("first_use", null=True),
    PrimaryKeyConstraint("organisation", "name_key"),
)

# What somebody wants a station to be, until it is: `kind` says which block's business the wish is.
desired_states = Table(
    "desired_states",
    metadata,
    id_(),
    organisation(),
    words("station"),
    words("kind"),
    words("subject_key"),
    words("body"),
    words("state"),
    instant("wanted_at"),
    words("wanted_by"),
    instant("expires_at"),
    number("attempts"),
    words("result", null=True),
    instant("settled_at", null=True),
    words("batch", null=True),
    Index("ix_desired_states_batch_id", "batch", "id"),
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

# Values on their way to many stations; its wishes carry its id as their batch.
rollouts = Table(
    "rollouts",
    metadata,
    id_(),
    organisation(),
    words("name"),
    number("stations"),
    instant("started_at"),
    words("started_by"),
    instant("cancelled_at", null=True),
    Index("ix_rollouts_organisation_id", "organisation", "id"),
)

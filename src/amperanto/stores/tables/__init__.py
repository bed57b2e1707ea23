"""The schema, once for both databases. Migrations (migrations/) bring older databases to it; a test compares.

Each row that belongs to somebody carries its organisation (D9, R15). Keys of rows that are appended without
end (messages, meter values) contain their time, so that months can be partitions in PostgreSQL (R7). Places
are kept as two integers, with -1 where no connector is named. What is current and what was (intervals) stand
in two tables; an interval without an end is the one that lasts, and there is one at most.
"""

from __future__ import annotations

from amperanto.stores.tables.charging import (
    local_list_entries,
    local_lists,
    meter_values,
    reservations,
    token_aliases,
    token_groups,
    tokens,
    transactions,
)
from amperanto.stores.tables.device_model import (
    desired_states,
    device_changes,
    device_variables,
    rollouts,
    templates,
)
from amperanto.stores.tables.ground import metadata
from amperanto.stores.tables.money import charge_facts, charge_records, tariff_assignments, tariffs
from amperanto.stores.tables.oddities import oddities
from amperanto.stores.tables.payments import payment_codes, payments
from amperanto.stores.tables.records import due, messages, outbox, outbox_cursors, outbox_nodes, reviews
from amperanto.stores.tables.remote_control import remote_starts
from amperanto.stores.tables.stations import (
    availability_intervals,
    connection_intervals,
    connections,
    connectors,
    declarations,
    inbox,
    keys,
    meter_keys,
    organisations,
    sites,
    stations,
)

HEAD = "0014"

__all__ = [
    "HEAD",
    "availability_intervals",
    "charge_facts",
    "charge_records",
    "connection_intervals",
    "connections",
    "connectors",
    "declarations",
    "desired_states",
    "device_changes",
    "device_variables",
    "due",
    "inbox",
    "keys",
    "local_list_entries",
    "local_lists",
    "messages",
    "metadata",
    "meter_keys",
    "meter_values",
    "oddities",
    "organisations",
    "outbox",
    "outbox_cursors",
    "outbox_nodes",
    "payment_codes",
    "payments",
    "remote_starts",
    "reservations",
    "reviews",
    "rollouts",
    "sites",
    "stations",
    "tariff_assignments",
    "tariffs",
    "templates",
    "token_aliases",
    "token_groups",
    "tokens",
    "transactions",
]

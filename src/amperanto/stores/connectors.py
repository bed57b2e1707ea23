"""The state of connectors: what is now, and since when it was what (G01).

`observe` replaces the current state and, when it differs, ends the interval that lasted and begins the next.
Intervals never overlap and never end before they begin: a state told late begins where the last one did.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import msgspec
from sqlalchemy import BigInteger, bindparam, or_, update

from amperanto.domain.stations import (
    Availability,
    ChargingState,
    Connector,
    EvseRef,
    Fault,
    OrganisationId,
    StationId,
)
from amperanto.stores.columns import Timestamp, Words
from amperanto.stores.scope import across, owned
from amperanto.stores.statements import Row, Statement, Upserting
from amperanto.stores.tables import availability_intervals, connectors
from amperanto.stores.work import Work

_c, _i = connectors.c, availability_intervals.c
NOWHERE = -1
_FAULT = msgspec.json.Decoder(Fault)


def _upserted(insert: Upserting) -> object:
    inserted = insert(connectors)
    told = {name: inserted.excluded[name] for name in ("availability", "charging", "fault", "since", "native")}
    return inserted.on_conflict_do_update(index_elements=[_c.station, _c.evse, _c.connector], set_=told)


_PUT = Statement(_upserted, rank=50)  # type: ignore[arg-type]
_END = Statement(
    update(availability_intervals)
    .where(
        _i.station == bindparam("at_station", type_=Words()),
        _i.evse == bindparam("at_evse", type_=BigInteger()),
        _i.connector == bindparam("at_connector", type_=BigInteger()),
        _i.to_at.is_(None),
    )
    .values(to_at=bindparam("ended_at", type_=Timestamp())),
    rank=51,
)
_BEGIN = Statement(availability_intervals.insert(), rank=52)
_CURRENT = Statement(
    across(connectors, because="the node acts for a station it knows by our id").where(
        _c.station == bindparam("station"),
        _c.evse == bindparam("evse"),
        _c.connector == bindparam("connector"),
    )
)
_OF = Statement(owned(connectors).where(_c.station == bindparam("station")).order_by(_c.evse, _c.connector))
_INTERVALS = Statement(
    owned(availability_intervals)
    .where(
        _i.station == bindparam("station"),
        _i.from_at < bindparam("until", type_=Timestamp()),
        or_(_i.to_at.is_(None), _i.to_at > bindparam("since", type_=Timestamp())),
    )
    .order_by(_i.from_at, _i.id)
    .limit(bindparam("limit", type_=BigInteger()))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AvailabilityInterval:
    """A connector was in one state from `begin` to `end` (None: it still is)."""

    station: StationId
    where: EvseRef
    begin: datetime
    end: datetime | None
    availability: Availability
    charging: ChargingState | None
    fault: Fault | None


class Connectors:
    """The connectors of all stations, now and before."""

    __slots__ = ("_work",)

    def __init__(self, work: Work) -> None:
        self._work = work

    async def current(self, station: StationId, where: EvseRef) -> Connector | None:
        """What the connector was last known to be, the writes of this unit included."""
        recorded = self._work.pending.get((station, where))
        if recorded is not None:
            return recorded["connector"]
        row = await self._work.one(_CURRENT, {"station": station, "evse": where.evse, "connector": _number(where)})
        return None if row is None else _connector(row)

    async def of(self, organisation: OrganisationId, station: StationId) -> list[Connector]:
        """The last known state of each of the station's connectors."""
        return [
            _connector(row) for row in await self._work.several(_OF, {"organisation": organisation, "station": station})
        ]

    async def intervals(
        self,
        organisation: OrganisationId,
        station: StationId,
        since: datetime,
        until: datetime,
        *,
        limit: int = 10_000,
    ) -> list[AvailabilityInterval]:
        """The intervals that touch the time from `since` to `until`, oldest first."""
        rows = await self._work.scan(
            _INTERVALS,
            {
                "organisation": organisation,
                "station": station,
                "since": since,
                "until": until,
                "limit": limit,
            },
        )
        return [_interval(row) for row in rows]

    async def observe(self, organisation: OrganisationId, connector: Connector) -> bool:
        """Keep the state; returns whether it differs from the one before in more than its time."""
        before = await self.current(connector.station, connector.where)
        if before is not None:
            same = replace(connector, since=before.since, native=before.native) == before
            since = before.since if same else max(before.since, connector.since)
            connector = replace(connector, since=since)
            if connector == before:
                return False
        else:
            same = False
        self._work.record(_PUT, {**_row(organisation, connector), "since": connector.since, "native": connector.native})
        previous = self._work.pending.get((connector.station, connector.where))
        interval = None if previous is None else previous["interval"]
        if not same:
            interval = self._turn_over(organisation, connector, interval)
        self._work.pending[connector.station, connector.where] = {
            "connector": connector,
            "interval": interval,
        }
        return not same

    def _turn_over(
        self, organisation: OrganisationId, connector: Connector, recorded: dict[str, object] | None
    ) -> dict[str, object]:
        """End the interval that lasts and begin the next.

        One begun in this same unit is amended: its row is not written yet.
        """
        if recorded is not None:
            recorded["to_at"] = connector.since
        else:
            where = connector.where
            self._work.record(
                _END,
                {"at_station": connector.station, "at_evse": where.evse, "at_connector": _number(where),
                 "ended_at": connector.since},
            )  # fmt: skip
        begun: dict[str, object] = {
            **_row(organisation, connector), "id": self._work.ids.new(), "from_at": connector.since, "to_at": None,
        }  # fmt: skip
        self._work.record(_BEGIN, begun)
        return begun


def _number(where: EvseRef) -> int:
    return NOWHERE if where.connector is None else where.connector


def _place(row: Row) -> EvseRef:
    return EvseRef(row["evse"], None if row["connector"] == NOWHERE else row["connector"])


def _row(organisation: OrganisationId, connector: Connector) -> dict[str, object]:
    fault = connector.fault
    return {
        "station": connector.station,
        "evse": connector.where.evse,
        "connector": _number(connector.where),
        "organisation": organisation,
        "availability": connector.availability,
        "charging": connector.charging,
        "fault": None if fault is None else msgspec.json.encode(fault).decode(),
    }


def _connector(row: Row) -> Connector:
    return Connector(
        station=row["station"],
        where=_place(row),
        availability=Availability(row["availability"]),
        charging=None if row["charging"] is None else ChargingState(row["charging"]),
        fault=None if row["fault"] is None else _FAULT.decode(row["fault"]),
        since=row["since"],
        native=row["native"],
    )


def _interval(row: Row) -> AvailabilityInterval:
    return AvailabilityInterval(
        station=row["station"],
        where=_place(row),
        begin=row["from_at"],
        end=row["to_at"],
        availability=Availability(row["availability"]),
        charging=None if row["charging"] is None else ChargingState(row["charging"]),
        fault=None if row["fault"] is None else _FAULT.decode(row["fault"]),
    )

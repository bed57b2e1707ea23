"""Tariffs in stations that calculate costs by themselves (OCPP 2.1), and another tariff for a charge that runs.

What a station should have follows from the assignments by itself; what became of it stands among its wishes.
"""

from __future__ import annotations

from typing import Annotated

from litestar import delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct

from amperanto.api.access import needs
from amperanto.api.desk import Desk
from amperanto.api.parameters import decoded
from amperanto.api.representation import Instant
from amperanto.ocpp import v2

AtEvse = Annotated[int, QueryParameter(name="evse", ge=0, le=2**31 - 1, description="at which EVSE; 0: all")]
OfTariff = Annotated[str | None, QueryParameter(name="tariff_id", description="null: all", min_length=1, max_length=60)]


class InstalledTariff(Struct, kw_only=True):
    """A tariff a station has: for which EVSEs, or for whom."""

    id: str
    kind: Annotated[str, Meta(description="DefaultTariff or DriverTariff")]
    valid_from: Instant | None
    evses: list[int]
    tokens: list[str]


class InstalledTariffs(Struct, kw_only=True):
    """What a station has; `status` is its word."""

    status: str
    items: list[InstalledTariff]


class ClearedTariff(Struct, kw_only=True):
    """What became of one tariff that was to be removed."""

    id: str | None
    status: str


class ClearedTariffs(Struct, kw_only=True):
    """What became of each; one that prices a running charge stays for it."""

    items: list[ClearedTariff]


class OtherTariff(Struct, kw_only=True, forbid_unknown_fields=True):
    """The tariff for the rest of a charge, by its name."""

    tariff: Annotated[str, Meta(min_length=1, max_length=50)]


class ExchangedTariff(Struct, kw_only=True):
    """`status` is the station's word, or `Central` where it does not calculate; any but `Accepted` changes nothing."""

    status: str


@get("/stations/{identity:str}/tariffs", guards=[needs("operate")], tags=["Tariffs"])
async def list_installed_tariffs(
    identity: FromPath[str], desk: NamedDependency[Desk], evse: AtEvse = 0
) -> InstalledTariffs:
    """Ask a station which tariffs it has (2.1). 409 `station_offline` or `not_spoken`."""
    station = await desk.registry.station(desk.who, decoded(identity))
    told = await desk.csms.local_tariffs.installed(station, evse)
    return InstalledTariffs(
        status=str(told.status),
        items=[
            InstalledTariff(
                id=one.tariff_id,
                kind=str(one.tariff_kind),
                valid_from=v2.or_none(one.valid_from),
                evses=list(v2.or_none(one.evse_ids) or ()),
                tokens=list(v2.or_none(one.id_tokens) or ()),
            )
            for one in v2.or_none(told.tariff_assignments) or ()
        ],
    )


@delete("/stations/{identity:str}/tariffs", guards=[needs("operate")], status_code=200, tags=["Tariffs"])
async def clear_installed_tariffs(
    identity: FromPath[str], desk: NamedDependency[Desk], evse: AtEvse = 0, tariff_id: OfTariff = None
) -> ClearedTariffs:
    """Remove tariffs from a station (2.1): one, or all. What should be there comes back with the next change."""
    station = await desk.registry.station(desk.who, decoded(identity))
    told = await desk.csms.local_tariffs.clear(
        station, tariffs=() if tariff_id is None else (tariff_id,), evse=evse or None
    )
    return ClearedTariffs(
        items=[ClearedTariff(id=v2.or_none(one.tariff_id), status=str(one.status)) for one in told.clear_tariffs_result]
    )


@put("/transactions/{transaction:str}/tariff", guards=[needs("operate")], tags=["Tariffs"])
async def exchange_tariff(
    transaction: FromPath[str], data: JSONBody[OtherTariff], desk: NamedDependency[Desk]
) -> ExchangedTariff:
    """Let another tariff hold for the rest of a charge, in the same currency; what was used before keeps its price."""
    word = await desk.csms.local_tariffs.exchange(desk.who, decoded(transaction), data.tariff)
    return ExchangedTariff(status=word)

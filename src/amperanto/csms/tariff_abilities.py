"""What a station can do with tariffs and costs, by its device model: asked once in a while, not for each message.

`TariffCostCtrlr` says it in 2.x (Available and Enabled, instances Tariff and Cost), `CustomDisplayCostAndPrice` for the
California pricing of 1.6. What is not known counts as no: nothing is sent to a station that never said it could.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from amperanto.csms.block import Block, Context
from amperanto.domain.device_model import CONFIGURATION_KEYS, VariableRef
from amperanto.domain.stations import StationId
from amperanto.ocpp import v2
from amperanto.stores.store import Store, Unit

LASTS = 300.0  # s until they are read again
_NAMES = {
    "shows": VariableRef("TariffCostCtrlr", "Enabled", variable_instance="Cost"),
    "has_cost": VariableRef("TariffCostCtrlr", "Available", variable_instance="Cost"),
    "tells": VariableRef("TariffCostCtrlr", "Enabled", variable_instance="Tariff"),
    "has_tariff": VariableRef("TariffCostCtrlr", "Available", variable_instance="Tariff"),
    "most": VariableRef("TariffCostCtrlr", "MaxElements", variable_instance="Tariff"),
    "conditions": VariableRef("TariffCostCtrlr", "ConditionsSupported", variable_instance="Tariff"),
    "california": VariableRef(CONFIGURATION_KEYS, "CustomDisplayCostAndPrice"),
    "language": VariableRef("DisplayMessageCtrlr", "Language"),
}
KEYS = {name: variable.key() for name, variable in _NAMES.items()}


class Speaks(Protocol):
    """What can be asked of a socket: whether the station has words for a request."""

    def can(self, request: type, /) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ability:
    """What one station can do: show a running cost, show a tariff's text, calculate a cost by itself.

    `tells_it_calculates` is by its device model alone, whether it is connected or not; `california` the way of 1.6.
    """

    shows_cost: bool = False
    shows_tariff: bool = False
    tells_it_calculates: bool = False
    calculates: bool = False
    california: bool = False
    most_elements: int | None = None
    conditions: bool = True
    language: str | None = None


class Abilities(Block):
    """The abilities of the stations that are connected here, remembered for a while."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._known: dict[StationId, tuple[float, int, Ability]] = {}

    async def of(self, reader: Store | Unit, station: StationId, link: Speaks | None) -> Ability:
        """What the station can do."""
        now = self.context.clock.monotonic()
        known = self._known.get(station)
        if known is not None and known[0] > now and known[1] == id(link) and link is not None:
            return known[2]
        told = await reader.device_models.these(station, list(KEYS.values()))
        values = {name: told[key].attribute.value for name, key in KEYS.items() if key in told}
        local = link is not None and link.can(v2.SetDefaultTariffRequest)
        ability = _ability(values, local=local)
        if link is not None:
            self._known[station] = (now + LASTS, id(link), ability)
        return ability

    def forget(self, station: StationId) -> None:
        """Read them again next time."""
        self._known.pop(station, None)


def _ability(values: dict[str, str | None], *, local: bool) -> Ability:
    california = _yes(values, "california")
    tariff = _yes(values, "tells") or ("tells" not in values and _yes(values, "has_tariff"))
    most = values.get("most") or ""
    return Ability(
        shows_cost=california or _yes(values, "shows") or ("shows" not in values and _yes(values, "has_cost")),
        shows_tariff=california or tariff,
        tells_it_calculates=tariff and "most" in values,
        calculates=local and tariff,
        california=california,
        most_elements=int(most) if most.isdigit() else None,
        conditions=(values.get("conditions") or "true").casefold() != "false",
        language=values.get("language"),
    )


def _yes(values: dict[str, str | None], name: str) -> bool:
    return (values.get(name) or "").casefold() == "true"

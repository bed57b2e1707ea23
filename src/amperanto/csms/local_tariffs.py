"""I07-I11, 2.1: tariffs that stations calculate by themselves, kept in step with ours.

A station that says it can (TariffCostCtrlr) has the tariff that holds at each of its EVSEs installed as its default.
Whenever a tariff or an assignment changes, a durable timer puts a wish for each such station where what it should have
differs from what was wanted last; the wishes wait while a station is offline and show what became of them. A tariff a
station cannot calculate to the same cent (steps, another rounding), with more prices than it takes, or with conditions
it does not know is not installed: that charge is priced centrally, and the wish says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import structlog

from amperanto.csms.access import Principal
from amperanto.csms.block import Block, Context
from amperanto.csms.desired_state import DesiredState, Want
from amperanto.csms.errors import NotSpoken, StationBusy, StationNotAccepted, StationOffline, StationSilent
from amperanto.csms.tariff_abilities import Abilities, Ability
from amperanto.csms.tariff_and_cost import TariffAndCost
from amperanto.csms.tariff_texts import in_words
from amperanto.csms.tariffs import CHANGED, holding
from amperanto.csms.timers import Timers
from amperanto.domain.desired_state import Outcome, Wish, done, failed, waits
from amperanto.domain.due import Due
from amperanto.domain.errors import CurrencyChanges, TransactionOver, UnknownTariff, UnknownTransaction
from amperanto.domain.local_tariffs import NotLocal, elements, local
from amperanto.domain.stations import Station
from amperanto.domain.tariff_words import from_words, to_words
from amperanto.domain.tariffs import Tariff
from amperanto.domain.transactions import Transaction, TransactionState
from amperanto.ocpp import v2
from amperanto.ocpp.errors import CallRefused
from amperanto.stores.store import Lane, Unit

TARIFF = "tariff"
RANK = 50
EVERYWHERE = 0  # the evseId that means all

log = structlog.get_logger("amperanto.csms")


class LocalTariffs(Block):
    """Tariffs in stations."""

    def __init__(
        self,
        context: Context,
        timers: Timers,
        desired_state: DesiredState,
        abilities: Abilities,
        costs: TariffAndCost,
    ) -> None:
        super().__init__(context)
        self._desired = desired_state
        self._abilities = abilities
        self._costs = costs
        desired_state.register(TARIFF, self.deliver, rank=RANK)
        timers.on(CHANGED, self.in_step)

    # --- by itself

    async def in_step(self, unit: Unit, due: Due) -> None:
        """Want of each station that calculates what it should have now, where that differs from what was wanted."""
        cursor: str | None = None
        while True:
            page = await unit.stations.list(due.organisation, cursor=cursor, limit=1000)
            for station in page.items:
                await self._want(unit, station)
            if page.next is None:
                return
            cursor = page.next

    async def _want(self, unit: Unit, station: Station) -> None:
        can = await self._abilities.of(unit, station.id, None)
        if not can.tells_it_calculates:
            return
        before = await unit.desired_states.list(station.organisation, station.id, kinds=[TARIFF], limit=1000)
        known = {one.subject_key: one.body for one in reversed(before.items)}
        for evse in await self._evses(unit, station):
            wanted = await self._wanted(unit, station, evse)
            nothing = _body(evse, None)
            if known.get(wanted.subject, nothing) != wanted.body:
                self._desired.put(unit, station, wanted, "tariffs")

    async def _evses(self, unit: Unit, station: Station) -> list[int]:
        known = await unit.connectors.of(station.organisation, station.id)
        return sorted({one.where.evse for one in known if one.where.evse}) or [EVERYWHERE]

    async def _wanted(self, unit: Unit, station: Station, evse: int) -> Want:
        now = self.context.clock.now()
        found = await holding(unit, station, now, evse=evse or None, token_key=None, group=None)
        subject = str(evse)
        if found is None:
            return Want(TARIFF, subject, _body(evse, None))
        try:
            return Want(TARIFF, subject, _body(evse, local(found[1].tariff, now.date())))
        except NotLocal as error:
            log.info("a tariff is priced centrally", tariff=found[1].id, station=station.identity, why=str(error))
            return Want(TARIFF, subject, _body(evse, None))

    async def deliver(self, station: Station, wishes: Sequence[Wish]) -> Sequence[Outcome]:
        """Install what is wanted, or clear it, one EVSE after the other."""
        return [await self._deliver(station, wish) for wish in wishes]

    async def _deliver(self, station: Station, wish: Wish) -> Outcome:
        body: dict[str, Any] = msgspec.json.decode(wish.body)
        link = self.context.stations.link(station.id)
        can = await self._abilities.of(self.context.store, station.id, link)
        try:
            if body["tariff"] is None:
                cleared = await self.clear(station, evse=body["evse"])
                return done(", ".join(str(one.status) for one in cleared.clear_tariffs_result))
            tariff = msgspec.convert(body["tariff"], v2.Tariff)
            problem = _beyond(can, from_words(body["tariff"]))
            if problem is not None:
                return failed(problem)
            answer = await self.set_default(station, body["evse"], tariff)
        except (StationOffline, StationNotAccepted, StationBusy) as error:
            return waits(str(error), tried=False)
        except StationSilent as error:
            return waits(str(error))
        except NotSpoken as error:
            return failed(f"NotSpoken: {error}")
        except CallRefused as error:
            return failed(f"Refused: {error}")
        if answer.status in (v2.TariffSetStatus.ACCEPTED, v2.TariffSetStatus.DUPLICATE_TARIFF_ID):
            return done(str(answer.status))  # the same id is the same content: it has the tariff already
        return failed(_said(str(answer.status), answer.status_info))

    # --- commands

    async def set_default(self, station: Station, evse: int, tariff: v2.Tariff) -> v2.SetDefaultTariffResponse:
        """I07: install a default tariff at an EVSE (0: all). Raises as `Stations.call`."""
        request = v2.SetDefaultTariffRequest(evse_id=evse, tariff=tariff)
        return await self.context.stations.call(station.id, request)

    async def installed(self, station: Station, evse: int = EVERYWHERE) -> v2.GetTariffsResponse:
        """I09: which tariffs the station has, and for what. Raises as `Stations.call`."""
        return await self.context.stations.call(station.id, v2.GetTariffsRequest(evse_id=evse))

    async def clear(
        self, station: Station, *, tariffs: Sequence[str] = (), evse: int | None = None
    ) -> v2.ClearTariffsResponse:
        """I10: remove tariffs by their ids, at an EVSE, or all. Raises as `Stations.call`."""
        request = v2.ClearTariffsRequest(
            tariff_ids=list(tariffs) or v2.UNSET, evse_id=v2.UNSET if evse is None else evse
        )
        return await self.context.stations.call(station.id, request)

    async def exchange(self, who: Principal, transaction: str, name: str) -> str:
        """I11: let another tariff hold for the rest of a transaction; returns the station's word, or `Central`.

        Raises UnknownTransaction, TransactionOver, UnknownTariff, CurrencyChanges, and as `Stations.call`. A station
        that calculates must take it first; else nothing changes.
        """
        found = await self._running(who, transaction)
        versions = await self.context.store.tariffs.versions(who.organisation, name)
        if not versions:
            raise UnknownTariff(f"there is no tariff {name}")
        version = versions[0]
        facts = await self.context.store.charge_facts.of(who.organisation, found.id)
        if facts.tariffs:
            old = await self.context.store.tariffs.version(who.organisation, *facts.tariffs[-1][:2])
            if old is not None and old.tariff.currency != version.tariff.currency:
                raise CurrencyChanges(f"a charge in {old.tariff.currency} cannot go on in {version.tariff.currency}")
        now = self.context.clock.now()
        word = await self._told(found, version.tariff, now)
        if word not in ("Central", v2.TariffChangeStatus.ACCEPTED):
            return word

        async def work(unit: Unit) -> None:
            unit.charge_facts.tariff(who.organisation, found.id, now, (version.name, version.number))

        await self.context.store.run(work, lane=Lane.BULK)
        text = in_words(version.tariff, None)
        if text is not None:
            self._costs.say(found.id, text)
        return word

    async def _running(self, who: Principal, transaction: str) -> Transaction:
        found = await self.context.store.transactions.get(who.organisation, transaction)
        if found is None:
            raise UnknownTransaction(f"there is no transaction {transaction}")
        if found.state is not TransactionState.OPEN:
            raise TransactionOver("the transaction ended; its tariff cannot change any more")
        return found

    async def _told(self, transaction: Transaction, tariff: Tariff, now: datetime) -> str:
        """The word of a station that calculates, or `Central` for one that does not."""
        link = self.context.stations.link(transaction.station)
        can = await self._abilities.of(self.context.store, transaction.station, link)
        if not can.calculates:
            return "Central"
        try:
            said = local(tariff, now.date(), driver=True)
        except NotLocal as error:
            raise NotSpoken(str(error)) from error
        request = v2.ChangeTransactionTariffRequest(
            transaction_id=transaction.reference, tariff=msgspec.convert(to_words(said), v2.Tariff)
        )
        return str((await self.context.stations.call(transaction.station, request)).status)


def _body(evse: int, tariff: Tariff | None) -> str:
    said = None if tariff is None else to_words(tariff)
    return msgspec.json.encode({"evse": evse, "tariff": said}).decode()


def _beyond(can: Ability, tariff: Tariff) -> str | None:
    """Why a station cannot take this tariff, where it said so beforehand."""
    prices = elements(tariff)
    if can.most_elements is not None and prices > can.most_elements:
        return f"TooManyElements: it takes {can.most_elements} prices, the tariff has {prices}"
    if not can.conditions and tariff.conditional:
        return "ConditionNotSupported: it knows no conditions"
    return None


def _said(status: str, info: v2.StatusInfo | v2.UnsetType) -> str:
    if isinstance(info, v2.UnsetType):
        return status
    return f"{status}: {info.reason_code} {v2.or_none(info.additional_info) or ''}".strip()

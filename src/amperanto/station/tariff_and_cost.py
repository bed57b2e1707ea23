"""I. Tariff and cost: by which tariff a charge costs, what it costs, and what of it is told (2.1, I07-I12).

The driver's tariff, from the answer to Authorize, goes before the default tariff of the EVSE; the transaction keeps it,
whatever is set or cleared meanwhile, until another is given for the rest of it (I11). Its name is told once. Costs are
told with the start, every Interval[Cost] seconds and, with their periods, at the end. Every report of such a
transaction carries the register it is priced by, so that the other side can follow the figure.
What versions before show (I01-I06) is in `cost_display.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from amperanto.dialects.dialect import Neutral, Said
from amperanto.dialects.v2.costs import read_tariff
from amperanto.domain.decisions import TokenDecision
from amperanto.domain.errors import DomainError
from amperanto.domain.meter_values import readings
from amperanto.domain.observations import (
    EventsReported,
    TokenPresented,
    TransactionEnded,
    TransactionStarted,
    TransactionTold,
    VariableEvent,
)
from amperanto.domain.tariffs import Tariff, problems
from amperanto.ocpp import v2
from amperanto.ocpp.errors import NotSupportedHere, RemoteProtocolError
from amperanto.ocpp.shapes import or_none, unless_none
from amperanto.station.block import Block, Then, handles
from amperanto.station.cause import Cause
from amperanto.station.clock import within
from amperanto.station.evse import Evse, Transaction
from amperanto.station.limits import A_MOMENT
from amperanto.station.local_costs import Charge
from amperanto.station.money_controllers import TARIFFS
from amperanto.station.queue import Queue, Report
from amperanto.station.reservation import Reservations
from amperanto.station.tariff_shelf import Shelf
from amperanto.station.transactions import Transactions

SET, CHANGED, GOT, CLEARED = v2.TariffSetStatus, v2.TariffChangeStatus, v2.TariffGetStatus, v2.TariffClearStatus
RUNNING = Cause(trigger="RunningCost")
REFUSED = Cause(trigger="TariffNotAccepted", reason="DeAuthorized")
NOT_LOCAL = "this station does not calculate costs"


class TariffAndCost(Block):
    """I. Tariff and cost: local calculation."""

    def __init__(self, transactions: Transactions, queue: Queue, reserved: Reservations) -> None:
        super().__init__(transactions.context, transactions.line)
        self.defaults = Shelf()
        self.broken: str | None = None
        """Why nothing can be calculated from now on: a pretended fault."""
        self._transactions = transactions
        self._reserved = reserved
        self._drivers: dict[str, Tariff] = {}
        self._failed: set[str] = set()
        self._charges: dict[str, Charge] = {}
        self._problems: set[str] = set()
        self.on_cost: list[Callable[[Transaction], None]] = []
        """Who wants to know that a running transaction costs something else."""
        self.marks: Mapping[str, Decimal] = {}
        """Costs of running transactions that somebody wants to hear of in time, by transaction."""
        self._events = 0
        queue.amending.append(self._amend)
        self.line.on_said.append(self._said)

    @property
    def local(self) -> bool:
        """Whether this station calculates costs."""
        if not self.context.habits.calculates_costs:
            return False
        text = self.context.variables.text
        wanted = (("Available", "Tariff"), ("Available", "Cost"), ("Enabled", "Tariff"), ("Enabled", "Cost"))
        return all(text(TARIFFS, name, instance).lower() == "true" for name, instance in wanted)

    def charge(self, transaction: Transaction) -> Charge | None:
        """What is known of a running transaction's cost."""
        return self._charges.get(transaction.id)

    # --- what the CSMS commands

    @handles(v2.SetDefaultTariffRequest)
    def set_default(self, asked: v2.SetDefaultTariffRequest) -> v2.SetDefaultTariffResponse | RemoteProtocolError:
        """I07: the tariff of an EVSE, or of all (0), for who has none of his own."""
        if not self.local:
            return NotSupportedHere(NOT_LOCAL)
        tariff, why = self._usable(asked.tariff)
        if tariff is None:
            if why in (SET.TOO_MANY_ELEMENTS, SET.CONDITION_NOT_SUPPORTED):
                return v2.SetDefaultTariffResponse(status=SET(why))
            return _rejected(why)
        if asked.evse_id != 0 and asked.evse_id not in self.context.evses:
            return _rejected("UnknownEvse")
        if self._taken(tariff):
            return v2.SetDefaultTariffResponse(status=SET.DUPLICATE_TARIFF_ID)
        evses = list(self.context.evses) if asked.evse_id == 0 else [asked.evse_id]
        self.defaults.put(tariff, evses, self.context.now())
        return v2.SetDefaultTariffResponse(status=SET.ACCEPTED)

    def _usable(self, told: v2.Tariff) -> tuple[Tariff | None, str]:
        """The tariff, or the word for why this station cannot calculate by it."""
        number, text = self.context.variables.number, self.context.variables.text
        try:
            tariff = read_tariff(told)
        except (DomainError, ValueError):
            return None, "InvalidValue"
        if len(list(tariff.elements())) > number(TARIFFS, "MaxElements", "Tariff"):
            return None, str(SET.TOO_MANY_ELEMENTS)
        if tariff.conditional and text(TARIFFS, "ConditionsSupported", "Tariff").lower() != "true":
            return None, str(SET.CONDITION_NOT_SUPPORTED)
        return (None, "InvalidValue") if problems(tariff) else (tariff, "")

    def _taken(self, tariff: Tariff) -> bool:
        """Whether its name stands for something else already."""
        running = (one.tariff for charge in self._charges.values() for one in charge.tariffs)
        known = (self.defaults.known(tariff.id), *self._drivers.values(), *running)
        return any(one is not None and one.id == tariff.id and one != tariff for one in known)

    @handles(v2.GetTariffsRequest)
    def get(self, asked: v2.GetTariffsRequest) -> v2.GetTariffsResponse | RemoteProtocolError:
        """I09: which tariffs are assigned where, by name."""
        if not self.local:
            return NotSupportedHere(NOT_LOCAL)
        if asked.evse_id != 0 and asked.evse_id not in self.context.evses:
            info = v2.StatusInfo(reason_code="UnknownEvse")
            return v2.GetTariffsResponse(status=GOT.REJECTED, status_info=info)
        found = [*self._default_assignments(asked.evse_id), *self._driver_assignments(asked.evse_id)]
        if not found:
            return v2.GetTariffsResponse(status=GOT.NO_TARIFF)
        return v2.GetTariffsResponse(status=GOT.ACCEPTED, tariff_assignments=found)

    def _default_assignments(self, evse: int) -> Iterator[v2.TariffAssignment]:
        found: dict[str, tuple[Tariff, list[int]]] = {}
        for number, tariff in self.defaults.all(self.context.now()):
            if evse in (0, number):
                found.setdefault(tariff.id, (tariff, []))[1].append(number)
        for name, (tariff, evses) in found.items():
            begins = unless_none(tariff.valid_from)
            kind = v2.TariffKind.DEFAULT_TARIFF
            yield v2.TariffAssignment(tariff_id=name, tariff_kind=kind, valid_from=begins, evse_ids=evses)

    def _driver_assignments(self, evse: int) -> Iterator[v2.TariffAssignment]:
        used = {one.token.key: one for one in self.context.evses.values() if one.token is not None}
        for key, tariff in self._drivers.items():
            place = used.get(key)
            if evse != 0 and (place is None or place.number != evse):
                continue
            token = key if place is None or place.token is None else place.token.uid
            yield v2.TariffAssignment(
                tariff_id=tariff.id,
                tariff_kind=v2.TariffKind.DRIVER_TARIFF,
                id_tokens=[token],
                evse_ids=v2.UNSET if place is None else [place.number],
            )

    @handles(v2.ClearTariffsRequest)
    def clear(self, asked: v2.ClearTariffsRequest) -> v2.ClearTariffsResponse | RemoteProtocolError:
        """I10: take tariffs away, each with its result; a running transaction keeps its own."""
        if not self.local:
            return NotSupportedHere(NOT_LOCAL)
        evse = or_none(asked.evse_id)
        names = or_none(asked.tariff_ids)
        if names is None:
            kept = [one.id for number, one in self.defaults.all(self.context.now()) if evse in (None, 0, number)]
            drivers = [one.id for one in self._drivers.values()] if evse in (None, 0) else []
            names = list(dict.fromkeys([*kept, *drivers]))
        results = [self._cleared(name, evse) for name in names]
        nothing = v2.ClearTariffsResult(status=CLEARED.NO_TARIFF)
        return v2.ClearTariffsResponse(clear_tariffs_result=results or [nothing])

    def _cleared(self, name: str, evse: int | None) -> v2.ClearTariffsResult:
        found = self.defaults.remove(name, evse)
        for key in [key for key, one in self._drivers.items() if one.id == name and evse in (None, 0)]:
            del self._drivers[key]
            found = True
        return v2.ClearTariffsResult(tariff_id=name, status=CLEARED.ACCEPTED if found else CLEARED.NO_TARIFF)

    @handles(v2.ChangeTransactionTariffRequest)
    def change(
        self, asked: v2.ChangeTransactionTariffRequest
    ) -> v2.ChangeTransactionTariffResponse | Then | RemoteProtocolError:
        """I11: another tariff for the rest of a transaction, in the same currency."""
        if not self.local:
            return NotSupportedHere(NOT_LOCAL)
        found = self.context.transaction_of(asked.transaction_id)
        charge = None if found is None or not found.open else self.charge(found)
        if found is None or charge is None:
            return v2.ChangeTransactionTariffResponse(status=CHANGED.TX_NOT_FOUND)
        tariff, why = self._usable(asked.tariff)
        if tariff is None:
            if why in (SET.TOO_MANY_ELEMENTS, SET.CONDITION_NOT_SUPPORTED):
                return v2.ChangeTransactionTariffResponse(status=CHANGED(why))
            info = v2.StatusInfo(reason_code=why)
            return v2.ChangeTransactionTariffResponse(status=CHANGED.REJECTED, status_info=info)
        if charge.tariff is not None and charge.tariff.currency != tariff.currency:
            return v2.ChangeTransactionTariffResponse(status=CHANGED.NO_CURRENCY_CHANGE)
        evse = self.context.evses[found.evse]
        return Then(
            v2.ChangeTransactionTariffResponse(status=CHANGED.ACCEPTED), lambda: self._change(evse, charge, tariff)
        )

    async def _change(self, evse: Evse, charge: Charge, tariff: Tariff) -> None:
        now = self.context.now()
        charge.note(evse, now)
        charge.by(tariff, now if charge.tariffs else charge.start)
        if evse.transaction is not None:
            self._transactions.changed(evse, Cause(trigger="TariffChanged"))

    # --- what drivers do

    def refuse(self, evse: Evse) -> None:
        """I07, I08: the driver does not want to pay that, and does not charge."""
        self._transactions.stop(evse, REFUSED)

    def _said(self, neutral: Neutral, said: Said) -> None:
        """I08: the driver's own tariff, with the answer to his token; kept until it was used."""
        if not isinstance(neutral, TokenPresented) or not isinstance(said, TokenDecision):
            return
        key, tariff = neutral.token.key, said.tariff
        if not self.local or (tariff is None and not said.unreadable_tariff):
            return
        if tariff is None or not self._processable(tariff):
            self._failed.add(key)
            self._drivers.pop(key, None)
            self._problem("tariff", there=True)
        else:
            self._failed.discard(key)
            self._drivers[key] = tariff
            self._problem("tariff", there=False)

    def _processable(self, tariff: Tariff) -> bool:
        """Whether the station can calculate by it (I08)."""
        most = self.context.variables.number(TARIFFS, "MaxElements", "Tariff")
        conditions = self.context.variables.text(TARIFFS, "ConditionsSupported", "Tariff").lower() == "true"
        bad = problems(tariff) or tariff.valid_from is not None or (tariff.conditional and not conditions)
        return not (bad or len(list(tariff.elements())) > most or self._taken(tariff))

    def _problem(self, what: str, *, there: bool) -> None:
        """I08, I12: tell that a tariff cannot be processed or calculated by, or that all is well again."""
        if there:
            self._problems.add(what)
        else:
            self._problems.discard(what)
        variables, text = self.context.variables, str(bool(self._problems)).lower()
        if variables.text(TARIFFS, "Problem").lower() == text:
            return
        variables.put(TARIFFS, "Problem", text)
        self._events += 1
        event = VariableEvent(
            component=TARIFFS, variable="Problem", value=text, trigger="Delta", at=self.context.now(),
            event_id=1_000_000 + self._events, notification="HardWiredNotification",
        )  # fmt: skip
        self.context.spawn(self._tell(EventsReported(events=(event,), at=self.context.now())))

    async def _tell(self, told: EventsReported) -> None:
        await self.tell(told)

    # --- what is told of a transaction

    def _amend(self, transaction: Transaction, report: Report) -> Report:
        """Every report passes here: what it adds to the cost, and what it tells of it."""
        if not isinstance(report, TransactionTold) or not self.context.habits.calculates_costs:
            return report
        evse = self.context.evses[transaction.evse]
        if isinstance(report, TransactionStarted) and self.local:
            self._open(evse, transaction, report)
        charge = self._charges.get(transaction.id)
        if charge is None:
            return report
        if report.reservation is not None and charge.reserved is None:
            since = self._reserved.since.get(report.reservation)
            charge.reserved = None if since is None else (since, charge.start)
        if not charge.chosen:
            self._choose(evse, charge)
        charge.note(evse, report.at)
        charge.stirred.set()
        ended = isinstance(report, TransactionEnded)
        if ended:
            self._close(transaction, charge)
        return self._priced(evse, transaction, charge, report) if charge.tariffs else report

    def _priced(self, evse: Evse, transaction: Transaction, charge: Charge, report: Report) -> Report:
        assert isinstance(report, TransactionTold) and charge.tariff is not None
        ended = isinstance(report, TransactionEnded)
        more: dict[str, Any] = {} if readings(report.values) else {"meter": evse.meter}
        if not charge.told:
            charge.told, more["tariff"] = True, charge.tariff.id
        charge.broken = self.broken
        if charge.broken is None:
            transaction.cost = charge.cost(evse, ended=ended).gross
        if ended or isinstance(report, TransactionStarted) or report.trigger == RUNNING.trigger:
            more["cost"] = charge.details(evse, ended=ended)
            self._problem("calculation", there=charge.broken is not None)
        return replace(report, **more)

    def _open(self, evse: Evse, transaction: Transaction, report: TransactionStarted) -> None:
        charge = self._charges[transaction.id] = Charge(report.at, self._zone())
        self.context.spawn(self._accompany(evse, transaction, charge))

    def _zone(self) -> ZoneInfo:
        name = self.context.variables.text("ClockCtrlr", "TimeZone")
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            return ZoneInfo("Etc/UTC")

    def _choose(self, evse: Evse, charge: Charge) -> None:
        """The driver's tariff, else the default of the EVSE; what the transaction begins with, it keeps."""
        key = None if evse.token is None else evse.token.key
        charge.chosen = key is not None
        failed = self.context.variables.text(TARIFFS, "HandleFailedTariff", "Tariff") if key in self._failed else ""
        if failed == "Deauthorize":
            self.context.spawn(self._deauthorize(evse))
        if failed in ("Deauthorize", "CentralCost"):
            charge.tariffs = []
            return
        own = None if key is None else self._drivers.get(key)
        tariff = own or self.defaults.current(evse.number, charge.start)
        if tariff is not None and tariff != charge.tariff:
            charge.tariffs, charge.driver = [], own is not None
            charge.by(tariff, charge.start)

    async def _deauthorize(self, evse: Evse) -> None:
        if evse.token is not None:
            self._failed.discard(evse.token.key)
        self._transactions.stop(evse, REFUSED)

    def _close(self, transaction: Transaction, charge: Charge) -> None:
        del self._charges[transaction.id]
        if charge.driver and transaction.token is not None:
            self._drivers.pop(transaction.token.key, None)

    async def _accompany(self, evse: Evse, transaction: Transaction, charge: Charge) -> None:
        """Tell the running cost in time, notice the moment a limit of cost is reached, and follow the power."""
        clock, number = self.context.clock, self.context.variables.number
        told = clock.monotonic()
        while transaction.open:
            charge.stirred.clear()
            due = told + number(TARIFFS, "Interval", "Cost")
            with suppress(TimeoutError):
                pause = self._pause(evse, transaction, charge, max(due - clock.monotonic(), 0.0))
                await within(clock, pause, charge.stirred.wait())
            while clock.monotonic() + A_MOMENT >= due:
                told, due = due, due + number(TARIFFS, "Interval", "Cost")
                self._run_on(evse, transaction, charge)
            if transaction.open and charge.tariffs and self.broken is None and not self.context.dark:
                if charge.reads_flow:
                    charge.note(evse, self.context.now())
                self._follow(evse, transaction, charge)

    def _run_on(self, evse: Evse, transaction: Transaction, charge: Charge) -> None:
        """Tell the running cost, if it is to be told."""
        wanted = self.context.variables.text(TARIFFS, "Enabled", "RunningCost").lower() == "true"
        if wanted and transaction.open and charge.tariffs and not self.context.dark:
            self._transactions.changed(evse, RUNNING)

    def _follow(self, evse: Evse, transaction: Transaction, charge: Charge) -> None:
        transaction.cost = charge.cost_at(evse, self.context.now())
        limit = transaction.limit.cost
        if limit is not None and transaction.cost >= limit:
            evse.stirred.set()
        for heard in self.on_cost:
            heard(transaction)

    def _pause(self, evse: Evse, transaction: Transaction, charge: Charge, left: float) -> float:
        pause, limit = left, transaction.limit.cost
        if not charge.tariffs or self.broken is not None:
            return pause
        if charge.reads_flow and evse.outlet.flowing:
            pause = min(pause, max(float(self.context.variables.number(TARIFFS, "Interval", "Tariff")), 1.0))
        for mark in (limit, self.marks.get(transaction.id)):
            ahead = mark is not None and (transaction.cost is None or transaction.cost < mark)
            if mark is not None and ahead and "limit" not in evse.holds:
                pause = min(pause, charge.seconds_until(evse, self.context.now(), mark))
        return pause


def _rejected(why: str) -> v2.SetDefaultTariffResponse:
    return v2.SetDefaultTariffResponse(status=SET.REJECTED, status_info=v2.StatusInfo(reason_code=why))

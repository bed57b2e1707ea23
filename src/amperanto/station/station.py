"""Station: a charging station in software, put together.

    station = Station("CP-1", Version.V201, connect=lambda: websocket.connect(url, Version.V201))
    running = asyncio.create_task(station.run())
    await station.plug_in(1, Vehicle())
    await station.present(Token("04A2B3", "ISO14443"), 1)

What happens to it physically (a car, a token, a fault) comes through this class; what the CSMS commands
comes over the line and is answered by the block that `handles` it. Both end in the same few doors, above
all `Transactions.changed`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from random import Random

from amperanto.dialects import dialect_for
from amperanto.dialects.dialect import Neutral, Said
from amperanto.dialects.errors import NotSpoken
from amperanto.domain.limits import TransactionLimit
from amperanto.domain.stations import Fault, Hardware, Registration
from amperanto.domain.tokens import Authorization as Outcome
from amperanto.domain.tokens import Token
from amperanto.ocpp.errors import NotAllowedNow, NotImplementedHere, NotSupportedHere, RemoteProtocolError
from amperanto.ocpp.versions import Version
from amperanto.station.authorization import Authorization
from amperanto.station.authorization_cache import AuthorizationCache
from amperanto.station.availability import Availability
from amperanto.station.block import Block, Then
from amperanto.station.clock import Clock, RealClock, StationTime
from amperanto.station.context import Context
from amperanto.station.cost_display import CostDisplay
from amperanto.station.data_transfer import DataTransfer
from amperanto.station.device_model import DeviceModel, declare_by_version, describe
from amperanto.station.evse import Evse, Transaction
from amperanto.station.habits import HABITS
from amperanto.station.hardware import Outlet
from amperanto.station.limits import DRIVER
from amperanto.station.line import Answered, Connect, Line
from amperanto.station.local_authorization_list import LocalAuthorizationList
from amperanto.station.meter_values import MeterValues
from amperanto.station.network_profiles import NetworkProfiles
from amperanto.station.network_slots import NetworkProfile, NetworkSlots
from amperanto.station.payment import Payment
from amperanto.station.power import Power
from amperanto.station.provisioning import Provisioning
from amperanto.station.queue import Queue
from amperanto.station.record import Record
from amperanto.station.remote_control import RemoteControl
from amperanto.station.reservation import Held, Reservations
from amperanto.station.route import ByProfile, Route
from amperanto.station.screen import Screen
from amperanto.station.tariff_and_cost import TariffAndCost
from amperanto.station.terminal import Terminal
from amperanto.station.transactions import Cause, Transactions
from amperanto.station.vehicle import Vehicle
from amperanto.transport.link import PeerClosed
from amperanto.transport.mailbox import IncomingCall

REASON_OF_FAULT = {
    "GroundFailure": "GroundFault",
    "OverCurrentFailure": "OvercurrentFault",
    "OverVoltage": "PowerQuality",
    "UnderVoltage": "PowerQuality",
}
"""stoppedReason for 1.6's error codes, where 2.x has a word of its own."""
MAKE = Hardware(vendor="Amperanto", model="Pretender", firmware_version="1.0")


class Station:
    """One charging station. `connect` opens a connection; `variables` sets values by (component, name).

    A function knows one way, whatever network profile is used; `ByProfile` connects by the profiles (B09, B10), first
    by the one it is built with, its slot 1, then by those the CSMS sets.
    Without a `seed` its transaction ids and waits are like no other's; with one they are the same in each run.
    """

    def __init__(
        self,
        identity: str,
        version: Version,
        *,
        connect: Connect | ByProfile,
        evses: int | Mapping[int, Outlet] = 1,
        clock: Clock | None = None,
        seed: int | str | None = None,
        hardware: Hardware = MAKE,
        variables: Mapping[tuple[str, str], str | int | bool] | None = None,
    ) -> None:
        time = clock or RealClock()
        outlets = {number: Outlet() for number in range(1, evses + 1)} if isinstance(evses, int) else evses
        self.context = context = Context(
            identity=identity,
            hardware=hardware,
            dialect=dialect_for(version),
            habits=HABITS[version],
            clock=time,
            time=StationTime(time),
            random=Random(seed),  # noqa: S311
            variables=DeviceModel(),
            evses={number: Evse(number, outlet, time) for number, outlet in sorted(outlets.items())},
        )
        self.version = version
        way = connect if isinstance(connect, ByProfile) else ByProfile(NetworkProfile(), lambda _: connect())
        self._slots = NetworkSlots(context.variables, way.profile)
        self.line = Line(context, Route(context.variables, self._slots, way.connect_to))
        self.line.on_call = self._answer
        self._queue = Queue(context, self.line)
        self._screen = Screen()
        self._stopped = asyncio.Event()
        describe(context.variables, context.evses, hardware, keys=context.habits.has_configuration_keys)
        declare_by_version(context.variables, context.habits)
        self._declare_profiles(own=connect is way)
        for (component, name), value in (variables or {}).items():
            text = str(value).lower() if isinstance(value, bool) else str(value)
            context.variables.put_any(component, name, text)
        self._build()

    def _declare_profiles(self, *, own: bool) -> None:
        """Tell of the network profiles; `own`: a new password of the station's is used, so it may be set."""
        habits = self.context.habits
        if habits.knows_network_profiles:
            self._slots.declare_active()
            if own:
                self._slots.declare_own()
        if habits.profiles_are_variables:
            self._slots.declare_slots()

    def _build(self) -> None:
        context, line = self.context, self.line
        self._meters = MeterValues(context, line)
        self._availability = Availability(context, line)
        self._transactions = Transactions(self._queue, self._meters, self._availability)
        self._reservations = Reservations(self._availability)
        listed = LocalAuthorizationList(context, line)
        cache = AuthorizationCache(context, line)
        self._authorization = Authorization(self._transactions, self._reservations, listed, cache)
        provisioning = Provisioning(self._transactions, self._availability, self._queue)
        provisioning.reserved = lambda: bool(self._reservations.held)
        self._reservations.on_end.append(provisioning.now_idle)
        self._power = Power(self._transactions, provisioning)
        for evse in context.evses.values():
            evse.outlet.contactor.on_switch = partial(self._note_contactor, evse)
        data_transfer = DataTransfer(context, line)
        self._costs = TariffAndCost(self._transactions, self._queue, self._reservations)
        display = CostDisplay(self._transactions, self._queue, self._screen, data_transfer)
        self._payment = Payment(self._transactions, self._authorization, self._queue, self._screen)
        self._costs.marks = self._payment.marks
        self._costs.on_cost.append(self._payment.look)
        display.on_cost.append(self._payment.look)
        remote = RemoteControl(self._authorization, self._transactions, self._availability, self._meters, provisioning)
        blocks: tuple[Block, ...] = (
            provisioning, self._authorization, self._transactions, remote, self._availability, self._meters,
            self._reservations, listed, cache, NetworkProfiles(context, line, self._slots), data_transfer,
            self._costs, display, self._payment,
        )  # fmt: skip
        self._handlers = {kind: handler for block in blocks for kind, handler in block.handlers().items()}

    # --- what can be seen

    @property
    def identity(self) -> str:
        """The last segment of its URL."""
        return self.context.identity

    @property
    def evses(self) -> dict[int, Evse]:
        """Its EVSEs, by number."""
        return self.context.evses

    @property
    def transactions(self) -> list[Transaction]:
        """Its transactions, oldest first, running ones included."""
        return self.context.transactions

    @property
    def warnings(self) -> list[str]:
        """What is wrong with how it is configured."""
        return [
            f"A transaction that starts at {point} need never end: no TxStopPoint is sure to be reached after it."
            for point in self._transactions.never_ending()
        ]

    @property
    def reservations(self) -> list[Held]:
        """What it keeps free, and for whom, oldest first."""
        return self._reservations.held

    @property
    def registration(self) -> Registration | None:
        """What the CSMS answered to the last boot; None since a restart."""
        return self.line.registration

    @property
    def online(self) -> bool:
        """Whether it is connected and accepted."""
        return self.line.is_ready

    @property
    def journal(self) -> list[Answered]:
        """What the CSMS has answered, oldest first."""
        return list(self.line.journal)

    @property
    def queued(self) -> int:
        """How many transaction reports the CSMS has not answered yet."""
        return len(self._queue)

    def when_answered(self, heard: Callable[[Answered], None]) -> None:
        """Call that with each answer as it comes, to keep a journal elsewhere."""
        self.line.on_answered = heard

    def keep(self, record: Record) -> None:
        """Keep the truth about it there, from now on."""
        self.context.record = record

    def install_main_meter(self) -> None:
        """Give it a meter before all its EVSEs, told as EVSE 0 on the clock (J01)."""
        self._meters.has_main_meter = True

    @property
    def terminal(self) -> Terminal:
        """Its payment terminal."""
        return self._payment.terminal

    def shown(self, evse: int = 0) -> list[str]:
        """What the driver read at that EVSE, or by the reader (0), the newest last."""
        return self._screen.shown(evse)

    @property
    def network_profile(self) -> int:
        """The slot of the network profile it connected by last."""
        return self._slots.active

    # --- its life

    async def run(self) -> None:
        """Live until `stop`: connect, boot, answer, reconnect."""
        context = self.context
        if context.stopped:
            return
        async with asyncio.TaskGroup() as group:
            context.group = group
            for work in (
                self.line.run(group), self._queue.run(), self._availability.run(),
                self._meters.run(self._transactions.sample), *context.later,
            ):  # fmt: skip
                context.spawn(work)
            context.later.clear()
            try:
                await self._stopped.wait()
            finally:
                context.group, context.stopped = None, True
                for task in tuple(context.tasks):
                    task.cancel()

    def stop(self) -> None:
        """Switch it off; `run` returns. What was not delivered stays in the queue of this object."""
        self._stopped.set()
        self.context.stopped = True

    async def ready(self) -> None:
        """Return once it is connected and accepted."""
        await self.line.ready()

    async def drained(self) -> None:
        """Return once the CSMS has answered every transaction report."""
        await self._queue.drained()

    # --- what people and cars do

    async def arrive(self, evse: int) -> None:
        """A car drives into the bay (ParkingBayOccupancy)."""
        place = self.evses[evse]
        place.bay = True
        self.context.note("arrived", place)
        self._transactions.changed(place, Cause(trigger="EVDetected"))

    async def depart(self, evse: int) -> None:
        """The car leaves the bay."""
        place = self.evses[evse]
        place.bay = False
        self.context.note("departed", place)
        self._transactions.changed(place, Cause(trigger="EVDeparted", reason="Local"))

    async def plug_in(self, evse: int, vehicle: Vehicle) -> None:
        """Put the cable into a car. Raises ValueError when another car is there."""
        place = self.evses[evse]
        place.settle()
        place.outlet.connect(vehicle)
        if not place.outlet.fixed_cable:
            self._availability.lock_tried(place, place.outlet.lock.lock())
        place.finishing = place.parted = False
        self.context.note("plugged", place)
        self._transactions.changed(place, Cause(trigger="CablePluggedIn"))

    async def unplug(self, evse: int) -> Vehicle | None:
        """Pull the cable out of the car; the car."""
        place = self.evses[evse]
        place.settle()
        vehicle = place.outlet.disconnect()
        self._availability.lock_tried(place, True)  # nothing is to be held any more
        place.finishing = False
        self.context.note("unplugged", place)
        self._transactions.unplugged(place)
        return vehicle

    async def present(self, token: Token, evse: int) -> Outcome:
        """Hold a token to the reader of an EVSE: starts, or stops what it started."""
        return await self._authorization.present(token, self.evses[evse])

    async def end_by_car(self, evse: int) -> None:
        """The car ends the charging by itself (ISO 15118 SessionStop, E15)."""
        self._transactions.stop(self.evses[evse], Cause(trigger="StopAuthorized", reason="StoppedByEV"))

    async def press_emergency_stop(self, evse: int) -> None:
        """Somebody hits the red button: the transaction there is over, whatever its stop point."""
        cause = Cause(trigger="AbnormalCondition", reason="EmergencyStop")
        self._transactions.end(self.evses[evse], cause)

    async def limit(self, evse: int, limit: TransactionLimit) -> None:
        """The driver sets limits at the station; they never exceed what the CSMS allows (2.1, E16)."""
        self._transactions.limit(self.evses[evse], DRIVER, limit)

    async def fail(self, evse: int, fault: Fault) -> None:
        """Something breaks: energy stops, and so does the transaction, whatever its stop point (E06)."""
        place = self.evses[evse]
        place.settle()
        place.fault = fault
        self.context.note("fault", place, code=fault.code)
        reason = REASON_OF_FAULT.get(fault.code, "Other")
        self._transactions.end(place, Cause(trigger="AbnormalCondition", reason=reason))

    async def repair(self, evse: int) -> None:
        """It works again."""
        place = self.evses[evse]
        place.fault = None
        self.context.note("repaired", place)
        self._transactions.changed(place, Cause(trigger="AbnormalCondition"))

    async def lose_power(self) -> None:
        """The power goes, without a word."""
        self._power.lose()

    async def restore(self) -> None:
        """The power is back: it boots, and goes on or ends what ran (E17)."""
        self._power.restore()

    async def reboot(self, seconds: float = 5.0) -> None:
        """It crashes and starts again, which takes so long."""
        await self._power.reboot(seconds)

    def replay(self) -> None:
        """Tell once more everything that was told of transactions."""
        self._queue.replay()

    async def pay(self, evse: int, brand: str = "VISA", vat_number: str | None = None) -> Outcome:
        """Hold a payment card to the terminal of an EVSE (2.1, C18)."""
        return await self._payment.pay(self.evses[evse], brand, vat_number)

    async def cancel_payment(self, evse: int) -> None:
        """The driver who paid at that EVSE changes his mind (2.1, C19, C20)."""
        await self._payment.cancel(self.evses[evse])

    def qr_address(self, evse: int, **limits: str) -> str | None:
        """What the QR code of an EVSE says now; `maxcost`, `maxenergy`, `maxtime` as the driver chose (2.1, C25)."""
        return self._payment.qr_address(self.evses[evse], limits)

    async def refuse_tariff(self, evse: int) -> None:
        """The driver reads the price, and goes (2.1, I07)."""
        self._costs.refuse(self.evses[evse])

    def pretend_no_costs(self, why: str | None) -> None:
        """It cannot calculate costs any more, for that reason, or can again (2.1, I12)."""
        self._costs.broken = why

    async def changed(self, evse: int) -> None:
        """Return at the next change of that EVSE."""
        await self.evses[evse].next_change()

    def _note_contactor(self, evse: Evse) -> None:
        self.context.note("contactor", evse, closed=evse.outlet.contactor.closed)

    # --- what the CSMS commands

    async def _answer(self, call: IncomingCall) -> None:
        """Answer one command, then do what follows from it."""
        if call.one_way:
            return
        try:
            said = self._decide(call)
            if isinstance(said, RemoteProtocolError):
                await call.refuse(said)
                return
            response = said.response if isinstance(said, Then) else said
            assert call.request is not None
            await call.reply(self.context.dialect.answer(call.request, response, self.context))
        except PeerClosed:
            return
        if isinstance(said, Then):
            self.context.spawn(said.follow())

    def _decide(self, call: IncomingCall) -> Then | Said | RemoteProtocolError:
        if call.request is None:
            return call.error or NotImplementedHere()
        if self.registration is Registration.REJECTED:
            return NotAllowedNow("this station was rejected")  # B03.FR.08
        try:
            asked: Neutral = self.context.dialect.read(call.request, self.context)
        except NotSpoken as error:
            return NotSupportedHere(error.reason)
        self.context.command, self.context.command_size = call.action, len(call.payload)
        handler = self._handlers.get(type(asked))  # type: ignore[arg-type]
        return NotSupportedHere(f"{call.action} does nothing here") if handler is None else handler(asked)

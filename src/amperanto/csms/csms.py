"""Csms: all blocks over one context, and the way in for what stations tell.

`told` is the one door for observations: it opens a unit fenced by the connection (R4), puts the frame into the
log with its consequences (R7), lets the block decide and returns the decision once it is durable (D8). A unit that
meets a conflict is run again by the store.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from amperanto.csms.access import Access
from amperanto.csms.authorization import AuthorizationBlock
from amperanto.csms.authorization_caches import AuthorizationCaches
from amperanto.csms.authorizers import Authorizers
from amperanto.csms.availability import Availability
from amperanto.csms.block import Block, Context, Handler, Teller
from amperanto.csms.charge_records import ChargeRecords
from amperanto.csms.data_transfer import DataTransfer
from amperanto.csms.delivery import Delivery
from amperanto.csms.desired_state import DesiredState
from amperanto.csms.device_model import DeviceModel
from amperanto.csms.diagnostics import Diagnostics
from amperanto.csms.errors import Removed
from amperanto.csms.journal import Frame, Repeats
from amperanto.csms.judging import Judging
from amperanto.csms.limits import Limits
from amperanto.csms.liveness import Liveness
from amperanto.csms.local_authorization_list import LocalAuthorizationLists
from amperanto.csms.local_tariffs import LocalTariffs
from amperanto.csms.loose_ends import LooseEnds
from amperanto.csms.measurands import Measurands
from amperanto.csms.meter_values import MeterValues
from amperanto.csms.network_profiles import NetworkProfiles
from amperanto.csms.oddities import Oddities
from amperanto.csms.onboarding import Onboarding
from amperanto.csms.payment import Payments
from amperanto.csms.payment_codes import PaymentCodes
from amperanto.csms.provisioning import Provisioning
from amperanto.csms.remote_control import RemoteControl
from amperanto.csms.remote_stop import RemoteStops
from amperanto.csms.reports import Reports
from amperanto.csms.reservation import Reservations
from amperanto.csms.resets import Resets
from amperanto.csms.reviews import Reviews
from amperanto.csms.rollouts import Rollouts
from amperanto.csms.running_costs import RunningCosts
from amperanto.csms.schedule import Schedule
from amperanto.csms.security import Security
from amperanto.csms.settlement import Settlements
from amperanto.csms.signed_values import SignedValues
from amperanto.csms.stations import StationLink, Stations
from amperanto.csms.tariff_abilities import Abilities
from amperanto.csms.tariff_and_cost import TariffAndCost
from amperanto.csms.tariffs import Tariffs
from amperanto.csms.templates import Templates
from amperanto.csms.timers import Timers
from amperanto.csms.transactions import Transactions
from amperanto.csms.triggers import Triggers
from amperanto.csms.wanted import Wanted
from amperanto.domain.decisions import Decision
from amperanto.domain.events import StationConnected, StationDisconnected
from amperanto.domain.observations import Observation, TokenPresented
from amperanto.domain.stations import OrganisationId, Station, StationId
from amperanto.stores.store import Unit


@dataclass(slots=True)
class Figures:
    """Counters since the start, for /metrics."""

    connections: int = 0
    refusals: int = 0
    messages_in: int = 0
    messages_out: int = 0
    repeats: int = 0
    violations: int = 0
    reviews: int = 0
    by_action: dict[str, int] = field(default_factory=dict[str, int])


class Csms:
    """The charging station management system: every block, one context."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.figures = Figures()
        self.repeats = Repeats(context.clock.monotonic)
        self.timers = Timers(context)
        self.access = Access(context)
        self.security = Security(context)
        self.desired_state = DesiredState(context)
        self.delivery = Delivery(context, self.desired_state)
        self.device_model = DeviceModel(context, self.security.passwords)
        self.reports = Reports(context, self.device_model, self.desired_state)
        self.wanted = Wanted(context, self.desired_state, self.device_model)
        self.measurands = Measurands(context, self.desired_state, self.device_model)
        self.templates = Templates(context)
        self.rollouts = Rollouts(context, self.desired_state, self.templates)
        self.onboarding = Onboarding(context, self.desired_state)
        self.delivery.on_given.append(self.onboarding.given)
        self.network_profiles = NetworkProfiles(context, self.device_model)
        self.resets = Resets(context, self.desired_state, self.delivery, self.wanted)
        self.authorizers = Authorizers(context)
        self.remote_control = RemoteControl(context, self.timers)
        self.remote_stops = RemoteStops(context, self.timers)
        self.triggers = Triggers(context)
        self.settlements = Settlements(context, self.timers)
        self.payment = Payments(context, self.settlements, PaymentCodes(context), self.remote_control)
        self.authorization = AuthorizationBlock(context, self.payment)
        self.authorization.issuers.append(self.remote_control.issued)
        self.reservation = Reservations(context)
        self.judging = Judging(context)
        self.transactions = Transactions(
            context, self.authorization, self.remote_control, self.reservation, self.judging
        )
        self.transactions.answering += [self.remote_control.limited, self.payment.answering]
        self.limits = Limits(context, self.transactions)
        self.loose_ends = LooseEnds(context, self.transactions, self.timers)
        self.reviews = Reviews(context, self.transactions)
        self.provisioning = Provisioning(context, self.loose_ends, self.onboarding, self.resets)
        self.signed_values = SignedValues(context, self.transactions, self.timers)
        self.availability = Availability(context, self.reservation, self.loose_ends, self.transactions)
        self.meter_values = MeterValues(context, self.transactions)
        self.diagnostics = Diagnostics(context)
        self.local_lists = LocalAuthorizationLists(context, self.desired_state)
        self.delivery.follow(self.local_lists)
        self.authorization_caches = AuthorizationCaches(context)
        self.delivery.follow(self.authorization_caches)
        self.data_transfer = DataTransfer(context)
        self.abilities = Abilities(context)
        self.running_costs = RunningCosts(context, self.abilities)
        self.tariffs = Tariffs(context)
        self.tariff_and_cost = TariffAndCost(context, self.abilities, self.running_costs)
        self.charge_records = ChargeRecords(context, self.timers)
        self.charge_records.issued.append(self.settlements.issued)
        self.transactions.listeners += [self.tariff_and_cost.changed, self.charge_records.changed]
        self.transactions.answering.append(self.tariff_and_cost.answering)
        self.local_tariffs = LocalTariffs(
            context, self.timers, self.desired_state, self.abilities, self.tariff_and_cost
        )
        self.schedule = Schedule(context)
        self.oddities = Oddities(context)
        self.liveness = Liveness(context, self.schedule.last_heard)
        self.schedule.due += [self.reservation.expire, self.liveness.look, self.oddities.keep]
        blocks = [block for block in vars(self).values() if isinstance(block, Block)]
        self._handlers: dict[type, Handler] = {kind: handler for block in blocks for kind, handler in block.handlers()}
        self._handlers[TokenPresented] = self.tariff_and_cost.with_price(self._handlers[TokenPresented])

    @property
    def stations(self) -> Stations:
        """The stations that are connected here."""
        return self.context.stations

    async def told(self, link: StationLink, observation: Observation, frame: Frame) -> Decision:
        """Decide about what a station told, and keep it with its frame; returns once both are durable.

        Raises the stores' NotDurable when nothing can be kept (R8) and Fenced when a newer connection took over.
        """
        handler = self._handlers[type(observation)]
        verdict = None
        if self.context.hooks.authorizers:  # asked before the unit is open (R2)
            verdict = await self.authorizers.ask(await self.station(link), observation)

        async def work(unit: Unit) -> Decision:
            station = await self._fenced(unit, link)
            unit.messages.append(frame)
            return await handler(unit, Teller(station, link, frame.at, verdict), observation)

        return await self.context.store.run(work)

    def hears(self, kind: type) -> bool:
        """Whether a block decides about messages of this kind."""
        return kind in self._handlers

    async def heard(self, link: StationLink, observation: Observation) -> None:
        """Keep what stood in a station's answer to us, as if it had told it by itself; its frame is logged already."""
        handler = self._handlers[type(observation)]

        async def work(unit: Unit) -> None:
            station = await self._fenced(unit, link)
            await handler(unit, Teller(station, link, self.context.clock.now()), observation)

        await self.context.store.run(work)

    async def noted(self, link: StationLink, frame: Frame) -> None:
        """Keep a message that changes nothing but the log; returns once it is durable."""

        async def work(unit: Unit) -> None:
            await self._fenced(unit, link)
            unit.messages.append(frame)

        await self.context.store.run(work)

    async def _fenced(self, unit: Unit, link: StationLink) -> Station:
        unit.fence(link.station_id, link.number)
        return unit.stations.kept(link.station_id) or _there(await unit.stations.by_id(link.station_id))

    async def station(self, link: StationLink) -> Station:
        """The station as it is now."""
        return _there(await self.context.store.stations.by_id(link.station_id))

    async def entered(self, who: StationId, *, at: datetime, remote: str, version: str) -> tuple[int, Station]:
        """A socket of the station opened at that time: take its place.

        Returns the connection's fencing number (R4) and the station as it is now. Raises Fenced when it was removed.
        """
        station = _there(await self.context.store.stations.by_id(who))
        event = StationConnected(
            organisation=station.organisation,
            station=station.id,
            identity=station.identity,
            at=at,
            ocpp_version=version,
            remote=remote,
        )
        number = await self.context.store.connections.take(
            station.id,
            self.context.settings.node,
            remote=remote,
            version=version,
            at=at,
            events=lambda _: (event,),
        )
        self.figures.connections += 1
        self.context.bus.publish(event)
        return number, station

    async def left(self, link: StationLink, station: Station, close_code: int | None, cause: str) -> None:
        """The socket ended. A newer one of the same station is left alone (R4)."""
        self.context.stations.forget(link)
        now = self.context.clock.now()
        event = StationDisconnected(
            organisation=station.organisation,
            station=station.id,
            identity=station.identity,
            at=now,
            close_code=close_code,
            cause=cause,
        )
        released = await self.context.store.connections.release(
            station.id, link.number, at=now, close_code=close_code, cause=cause, events=(event,)
        )
        if released:
            self.context.bus.publish(event)

    def arrived(self, link: StationLink, *, booted: bool) -> None:
        """The station's first message on this socket, or a boot, was answered: what waits for it can go, if it may."""
        self.local_lists.arrived(link.station_id, booted=booted)
        self.authorization_caches.arrived(link.station_id)
        self.delivery.arrived(link.station_id, booted=booted)

    def tokens_changed(self, organisation: OrganisationId) -> None:
        """What stations keep of the organisation's tokens may be behind: let it follow."""
        self.delivery.look_soon()

    def log_later(self, frame: Frame) -> None:
        """Keep a frame that changes nothing, with a later group; nobody waits for it (R7)."""
        self.context.store.messages.log_later([frame])


def _there(station: Station | None) -> Station:
    if station is None:
        raise Removed("the station was removed")
    return station

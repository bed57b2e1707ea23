"""B11-B13: a station, or one of its EVSEs, is reset, and what comes of it is followed to the next boot.

A reset is a wish: it waits (an hour) for a station that is not there, and is asked for once. Rejected ends it. Accepted
and Scheduled wait for the boot, which ends it and tells why the station says it booted; where none comes, it ends as
failed. An EVSE's reset ends with its answer, since it brings no boot. `ImmediateAndResume` is asked only of a
station whose variables say that it resumes transactions (B13).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec

from amperanto.csms.access import Principal
from amperanto.csms.block import Block, Context
from amperanto.csms.delivery import Delivery
from amperanto.csms.desired_state import RESET, DesiredState, Want
from amperanto.csms.errors import CannotResume
from amperanto.csms.wanted import Wanted
from amperanto.domain.desired_state import Outcome, Wish, done, failed, waits
from amperanto.domain.device_model import VariableRef
from amperanto.domain.stations import Station
from amperanto.ocpp import v2
from amperanto.stores.store import Lane, Unit

WAITS_FOR = timedelta(hours=1)
"""How long a reset waits for a station that is not connected."""
BOOTS_WITHIN = timedelta(minutes=15)
"""How long a station that accepted may take to boot."""
SCHEDULED_FOR = timedelta(days=7)
"""How long one that scheduled may wait for its transactions to end."""
RESUMPTION = VariableRef("TxCtrlr", "ResumptionTimeout").key()
LOOK_AGAIN = 60.0
TAKEN = frozenset({v2.ResetStatus.ACCEPTED.value, v2.ResetStatus.SCHEDULED.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """A reset, and what the station answered when it was asked."""

    type: v2.Reset
    evse: int | None = None
    answer: str | None = None
    asked_at: datetime | None = None


_RESET = msgspec.json.Decoder(Reset)


class Resets(Block):
    """The resets of stations."""

    def __init__(self, context: Context, wished: DesiredState, delivery: Delivery, wanted: Wanted) -> None:
        super().__init__(context)
        self._wished = wished
        self._delivery = delivery
        self._wanted = wanted
        wished.register(RESET, self.deliver, while_pending=True)

    async def reset(self, who: Principal, station: Station, kind: v2.Reset, evse: int | None = None) -> Wish:
        """Reset the station or one of its EVSEs, now if it is there. Raises CannotResume."""
        if kind == v2.Reset.IMMEDIATE_AND_RESUME and not await self._resumes(station):
            raise CannotResume("the station's variables do not say that it resumes transactions (B13)")
        now = self.context.clock.now()
        body = msgspec.json.encode(Reset(type=kind, evse=evse)).decode()
        want = Want(RESET, "station" if evse is None else str(evse), body)

        async def work(unit: Unit) -> Wish:
            return self._wished.put(unit, station, want, who.name, expires_at=now + SCHEDULED_FOR + WAITS_FOR)

        wish = await self.context.store.run(work, lane=Lane.BULK)
        if self.context.stations.online(station.id):
            await self._delivery.bring(self._wished.kinds[RESET], station, [wish])
        return await self.context.store.desired_states.get(who.organisation, wish.id) or wish

    async def _resumes(self, station: Station) -> bool:
        known = await self.context.store.device_models.these(station.id, [RESUMPTION])
        value = known[RESUMPTION].attribute.value if RESUMPTION in known else None
        return (value or "").strip().isdecimal() and int(value or 0) > 0

    async def deliver(self, station: Station, wishes: Sequence[Wish]) -> list[Outcome]:
        """Ask once; then wait for the boot."""
        return [await self._step(station, wish) for wish in wishes]

    async def _step(self, station: Station, wish: Wish) -> Outcome:
        reset, now = _RESET.decode(wish.body), self.context.clock.now()
        if reset.asked_at is not None:
            patience = SCHEDULED_FOR if reset.answer == v2.ResetStatus.SCHEDULED.value else BOOTS_WITHIN
            if now >= reset.asked_at + patience:
                return failed(f"{reset.answer}, but it did not boot")
            return waits(f"{reset.answer}: it is to boot", tried=False, again=LOOK_AGAIN)
        if now >= wish.wanted_at + WAITS_FOR:
            return failed("the station did not connect within an hour")
        asked = await self._wanted.asked(station, v2.ResetRequest(type=reset.type, evse_id=v2.unless_none(reset.evse)))
        word = (asked.said or "").partition(":")[0]
        if word not in TAKEN:
            return asked
        if reset.evse is not None:
            return done(word)
        body = msgspec.json.encode(replace(reset, answer=word, asked_at=now)).decode()
        return waits(f"{word}: it is to boot", tried=False, body=body, again=LOOK_AGAIN)

    async def booted(self, unit: Unit, station: Station, reason: str | None) -> None:
        """The station booted: what was asked for came about."""
        for wish in await unit.desired_states.waiting(station.id, self.context.clock.now()):
            if wish.kind == RESET and (reset := _RESET.decode(wish.body)).asked_at is not None:
                said = done(f"{reset.answer}, and it booted" + ("" if reason is None else f" ({reason})"))
                unit.desired_states.settle(wish.id, said.state, said.said, self.context.clock.now(), tried=False)

"""Measurands are negotiated one at a time: what a station will not take, or cannot bear, is found out and left out.

Stations reject a whole list for one measurand they do not know, and some accept a long list and then restart for ever.
So a station is given a short list first, then one measurand more each time, and is watched for a moment after each. A
measurand it rejects is left out; one after which it booted is taken back. How far it came is kept with the wish before
anything is sent, so that a restart on either side loses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from amperanto.csms.block import Block, Context
from amperanto.csms.desired_state import MEASURANDS, DesiredState, Want
from amperanto.csms.device_model import NOT_SENT, DeviceModel
from amperanto.csms.variables import NO_ANSWER
from amperanto.domain.desired_state import Outcome, Wish, WishState, done, failed, waits
from amperanto.domain.device_model import VariableRef, WantedValue
from amperanto.domain.stations import Station
from amperanto.ocpp import v2
from amperanto.stores.store import Lane, Unit

WATCHED = 15.0
"""Seconds a station is watched after each measurand: those that cannot bear one restart at once."""
ENERGY = "Energy.Active.Import.Register"
LISTS = frozenset(
    VariableRef(component, variable).key()
    for component, variable in (
        ("SampledDataCtrlr", "TxStartedMeasurands"),
        ("SampledDataCtrlr", "TxUpdatedMeasurands"),
        ("SampledDataCtrlr", "TxEndedMeasurands"),
        ("AlignedDataCtrlr", "Measurands"),
        ("AlignedDataCtrlr", "TxEndedMeasurands"),
    )
)
"""The variables that are lists of measurands."""
_SET = frozenset({v2.SetVariableStatus.ACCEPTED.value, v2.SetVariableStatus.REBOOT_REQUIRED.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class Negotiation:
    """How far a list came: `trying` was sent last, at `sent_at`, and `accepted` or not; `left_out` says why, too."""

    ref: VariableRef
    value: str
    taken: tuple[str, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    trying: tuple[str, ...] = ()
    sent_at: datetime | None = None
    accepted: bool = False

    @property
    def said(self) -> str:
        """How far it came, in words."""
        out = "".join(f"; not {name} ({why})" for name, why in self.left_out)
        return f"takes {', '.join(self.taken) or 'none'}{out}"


_NEGOTIATION = msgspec.json.Decoder(Negotiation)


def words(value: str) -> list[str]:
    """The measurands of a list, as they are spelled, each once."""
    return list(dict.fromkeys(word for part in value.split(",") if (word := part.strip(" '\""))))


def is_measurands(wanted: WantedValue) -> bool:
    """Whether that value is a list of measurands."""
    return wanted.key in LISTS and len(words(wanted.value)) > 0


def measurands_wanted(wanted: WantedValue) -> Want:
    """The wish for a list of measurands, as far as the station takes it."""
    return Want(MEASURANDS, wanted.key, msgspec.json.encode(Negotiation(ref=wanted.ref, value=wanted.value)).decode())


class Measurands(Block):
    """The negotiation."""

    def __init__(self, context: Context, wished: DesiredState, device_model: DeviceModel) -> None:
        super().__init__(context)
        self._device_model = device_model
        wished.register(MEASURANDS, self.deliver, while_pending=True)

    async def deliver(self, station: Station, wishes: Sequence[Wish]) -> list[Outcome]:
        """One step of the first negotiation that is not at its end; the others wait for it."""
        outcomes: list[Outcome] = []
        for wish in wishes:
            busy = any(one.state is WishState.WAITING for one in outcomes)
            outcomes.append(waits(wish.result, tried=False, again=0.0) if busy else await self._step(station, wish))
        return outcomes

    async def _step(self, station: Station, wish: Wish) -> Outcome:
        before = _NEGOTIATION.decode(wish.body)
        so_far = _judged(station, before)
        if len(so_far.left_out) > len(before.left_out) and so_far.taken:  # taken back before anything else
            status, info = await self._send(station, so_far, so_far.taken, wish.wanted_by)
            if status not in _SET:
                return _unsent(status, info, before)
        more = self._offered(station, so_far)
        if not more:
            return done(so_far.said) if so_far.taken else failed(so_far.said)
        trying = replace(so_far, trying=more, sent_at=self.context.clock.now())
        await self._keep(wish, trying)
        status, info = await self._send(station, trying, (*so_far.taken, *more), wish.wanted_by)
        if status == NO_ANSWER:
            return _unsent(status, info, trying)
        if status == NOT_SENT:
            return _unsent(status, info, so_far)
        if status not in _SET:
            why = status if info is None else f"{status}, {info}"
            less = replace(so_far, left_out=(*so_far.left_out, *((name, why) for name in more)))
            return waits(less.said, tried=False, body=_written(less), again=0.0)
        said = f"{trying.said}; watching {', '.join(more)}"
        return waits(said, tried=False, body=_written(replace(trying, accepted=True)), again=WATCHED)

    def _offered(self, station: Station, so_far: Negotiation) -> tuple[str, ...]:
        """What to offer beyond what it takes: a short list first, then one more."""
        told = self.context.stations.behaviour(station.id)
        settled = {*so_far.taken, *(name for name, _ in so_far.left_out)}
        asked = [one for one in words(so_far.value) if one not in settled and one not in told.denied_measurands]
        if not so_far.taken and not so_far.left_out:
            short = [one for one in told.first_measurands or (ENERGY,) if one in asked]
            return tuple(short or asked[:1])
        return tuple(asked[:1])

    async def _send(
        self, station: Station, about: Negotiation, measurands: Sequence[str], by: str
    ) -> tuple[str, str | None]:
        value = WantedValue(ref=about.ref, value=",".join(measurands))
        (result,) = await self._device_model.set_many(station, [value], by)
        return result.status, result.info

    async def _keep(self, wish: Wish, negotiation: Negotiation) -> None:
        async def work(unit: Unit) -> None:
            unit.desired_states.rewrite(wish.id, _written(negotiation))

        await self.context.store.run(work, lane=Lane.BULK)


BOOTED = "it booted after that"


def _judged(station: Station, kept: Negotiation) -> Negotiation:
    """What became of the measurands that were sent last: the station booted after them, or bears them."""
    if kept.sent_at is None:
        return kept
    clean = replace(kept, trying=(), sent_at=None, accepted=False)
    if station.booted_at is not None and station.booted_at > kept.sent_at:
        return replace(clean, left_out=(*kept.left_out, *((name, BOOTED) for name in kept.trying)))
    return replace(clean, taken=(*kept.taken, *kept.trying)) if kept.accepted else clean


def _written(negotiation: Negotiation) -> str:
    return msgspec.json.encode(negotiation).decode()


def _unsent(status: str, info: str | None, so_far: Negotiation) -> Outcome:
    said = status if info is None else f"{status}: {info}"
    if status in (NOT_SENT, NO_ANSWER):
        return waits(said, tried=status == NO_ANSWER, body=_written(so_far))
    return failed(f"{said}; {so_far.said}")

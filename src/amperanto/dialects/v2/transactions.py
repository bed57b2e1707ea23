"""E. Transactions, as OCPP 2.x says them: one message, TransactionEvent, that starts, continues and ends
them.

The station numbers its transactions and its reports, so nothing is restored here. It tells its meter as a
sampled value; a meter reading given beside the samples is added to them, in the context of the report,
unless the samples hold a register already.
"""

from __future__ import annotations

from amperanto.dialects.context import StationContext
from amperanto.dialects.errors import NotSpoken
from amperanto.dialects.v2.costs import read_details, write_details
from amperanto.dialects.v2.meter_values import SAMPLE_DROPS, read_values, write_values
from amperanto.dialects.v2.words import (
    ANSWER_DROPS,
    V2,
    authorization,
    evse,
    id_token,
    id_token_info,
    place,
    read_message,
    token,
    write_message,
)
from amperanto.dialects.wording import aware, figure_of, fitting, fitting_or_unset, plain, word, word_or_unset
from amperanto.domain.cost_details import CostDetails
from amperanto.domain.decisions import TransactionDecision
from amperanto.domain.limits import TransactionLimit
from amperanto.domain.meter_values import (
    SAMPLE_PERIODIC,
    TRANSACTION_BEGIN,
    TRANSACTION_END,
    MeterValue,
    SampledValue,
    readings,
)
from amperanto.domain.observations import (
    TransactionContinued,
    TransactionEnded,
    TransactionReport,
    TransactionStarted,
)
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import ChargingState
from amperanto.ocpp import v2
from amperanto.ocpp.instants import Receipt

NO_VALUES: tuple[MeterValue, ...] = ()
EVENT = v2.TransactionEvent
KINDS: dict[str, type[TransactionStarted] | type[TransactionContinued]] = {
    EVENT.STARTED.value: TransactionStarted,
    EVENT.UPDATED.value: TransactionContinued,
}
SPELLED = frozenset(event.value for event in EVENT)
IN_ANY_CASE = {event.value.casefold(): event for event in EVENT}
EVENTS = {
    TransactionStarted: EVENT.STARTED,
    TransactionContinued: EVENT.UPDATED,
    TransactionEnded: EVENT.ENDED,
}
CONTEXTS = {
    TransactionStarted: TRANSACTION_BEGIN,
    TransactionContinued: SAMPLE_PERIODIC,
    TransactionEnded: TRANSACTION_END,
}
CHARGING = {state.value: state for state in ChargingState}
SAID_CHARGING = {state: v2.ChargingState(state.value) for state in ChargingState}
TRIGGERS = {str(one): one for one in v2.TriggerReason}


@V2.exchange(
    v2.TransactionEventRequest,
    (TransactionStarted, TransactionContinued, TransactionEnded),
    drops={
        "meter": "2.x tells its meter as a sampled value, which is added where the samples hold no register",
        "undated": "what we notice, not what a station says",
        "limit.cost": "a JSON number has about 15 digits",
        "limit.energy": "a JSON number has about 15 digits",
        "answer.cost": "a JSON number has about 15 digits",
        **SAMPLE_DROPS,
        **ANSWER_DROPS,
    },
)
class TransactionEvent:
    """A transaction began, went on, or ended. An event type nobody knows is read as an update."""

    @staticmethod
    def read(wire: v2.TransactionEventRequest, context: StationContext) -> TransactionReport:
        info, told_evse, told_token, told_values = (
            wire.transaction_info,
            wire.evse,
            wire.id_token,
            wire.meter_value,
        )
        at, values = aware(wire.timestamp), NO_VALUES
        where = None if isinstance(told_evse, v2.UnsetType) else place(told_evse)
        presented = None if isinstance(told_token, v2.UnsetType) else token(told_token)
        if not isinstance(told_values, v2.UnsetType):
            values = read_values(told_values)
        charging = CHARGING.get(info.charging_state) if isinstance(info.charging_state, str) else None
        kind = wire.event_type
        if kind not in SPELLED:  # tolerated where the station is: the right word in the wrong case
            kind = IN_ANY_CASE.get(kind.casefold(), kind)
        if kind == EVENT.ENDED:
            return TransactionEnded(
                at=at,
                reference=info.transaction_id,
                sequence=wire.seq_no,
                where=where,
                token=presented,
                values=values,
                trigger=str(wire.trigger_reason),
                charging=charging,
                offline=wire.offline is True,
                reservation=v2.or_none(wire.reservation_id),
                remote_start=v2.or_none(info.remote_start_id),
                phases=v2.or_none(wire.number_of_phases_used),
                limit=_read_limit(info.transaction_limit),
                seconds_charging=v2.or_none(info.time_spent_charging),
                tariff=v2.or_none(info.tariff_id),
                cost=_read_cost(wire.cost_details),
                undated=isinstance(wire.timestamp, Receipt),
                reason=plain(info.stopped_reason),
            )
        return KINDS.get(kind, TransactionContinued)(
            at=at,
            reference=info.transaction_id,
            sequence=wire.seq_no,
            where=where,
            token=presented,
            values=values,
            trigger=str(wire.trigger_reason),
            charging=charging,
            offline=wire.offline is True,
            reservation=v2.or_none(wire.reservation_id),
            remote_start=v2.or_none(info.remote_start_id),
            phases=v2.or_none(wire.number_of_phases_used),
            limit=_read_limit(info.transaction_limit),
            seconds_charging=v2.or_none(info.time_spent_charging),
            tariff=v2.or_none(info.tariff_id),
            cost=_read_cost(wire.cost_details),
            undated=isinstance(wire.timestamp, Receipt),
        )

    @staticmethod
    def write(neutral: TransactionReport, context: StationContext) -> v2.TransactionEventRequest:
        where, presented, trigger = neutral.where, neutral.token, neutral.trigger
        if neutral.sequence is None or trigger is None:
            raise NotSpoken("OCPP 2.x numbers every report of a transaction and says why it is made")
        return v2.TransactionEventRequest(
            event_type=EVENTS[type(neutral)],
            timestamp=aware(neutral.at),
            trigger_reason=TRIGGERS.get(trigger) or word(v2.TriggerReason, trigger, "trigger reason"),
            seq_no=neutral.sequence,
            transaction_info=_info(neutral),
            meter_value=write_values(_metered(neutral)) or v2.UNSET,
            offline=True if neutral.offline else v2.UNSET,
            number_of_phases_used=v2.unless_none(neutral.phases),
            cost_details=v2.UNSET if neutral.cost is None else write_details(neutral.cost),
            reservation_id=v2.unless_none(neutral.reservation),
            evse=v2.UNSET if where is None else evse(where),
            id_token=v2.UNSET if presented is None else id_token(presented),
        )

    @staticmethod
    def answer(
        wire: v2.TransactionEventRequest, said: TransactionDecision, context: StationContext
    ) -> v2.TransactionEventResponse:
        return _answered(said)

    @staticmethod
    def hear(
        neutral: TransactionReport, answer: v2.TransactionEventResponse, context: StationContext
    ) -> TransactionDecision:
        info, cost, message = answer.id_token_info, answer.total_cost, answer.updated_personal_message
        return TransactionDecision(
            authorization=None if isinstance(info, v2.UnsetType) else authorization(info),
            cost=None if isinstance(cost, v2.UnsetType) else figure_of(cost),
            limit=_read_limit(answer.transaction_limit),
            message=None if isinstance(message, v2.UnsetType) else read_message(message),
        )


def _info(neutral: TransactionReport) -> v2.Transaction:
    if neutral.reference is None:
        raise NotSpoken("in OCPP 2.x the station gives a transaction its id")
    reason = neutral.reason if isinstance(neutral, TransactionEnded) else None
    return v2.Transaction(
        transaction_id=fitting(neutral.reference, 36, "transaction id"),
        charging_state=v2.UNSET if neutral.charging is None else SAID_CHARGING[neutral.charging],
        stopped_reason=word_or_unset(v2.Reason, reason, "reason"),
        remote_start_id=v2.unless_none(neutral.remote_start),
        transaction_limit=_write_limit(neutral.limit),
        time_spent_charging=v2.unless_none(neutral.seconds_charging),
        tariff_id=fitting_or_unset(neutral.tariff, 60, "tariff id"),
    )


def _read_cost(told: v2.CostDetails | v2.UnsetType) -> CostDetails | None:
    return None if isinstance(told, v2.UnsetType) else read_details(told)


def _read_limit(told: v2.TransactionLimit | v2.UnsetType) -> TransactionLimit | None:
    """The limits that are set; None where none is told."""
    if isinstance(told, v2.UnsetType):
        return None
    cost, energy = told.max_cost, told.max_energy
    amount = None if isinstance(energy, v2.UnsetType) else figure_of(energy)
    return TransactionLimit(
        cost=None if isinstance(cost, v2.UnsetType) else figure_of(cost),
        energy=None if amount is None else WattHours(amount),
        seconds=v2.or_none(told.max_time),
        state_of_charge=v2.or_none(told.max_soc),
    )


def _write_limit(limit: TransactionLimit | None) -> v2.TransactionLimit | v2.UnsetType:
    if limit is None:
        return v2.UNSET
    return v2.TransactionLimit(
        max_cost=v2.UNSET if limit.cost is None else float(limit.cost),
        max_energy=v2.UNSET if limit.energy is None else float(limit.energy),
        max_time=v2.unless_none(limit.seconds),
        max_soc=v2.unless_none(limit.state_of_charge),
    )


def _metered(neutral: TransactionReport) -> tuple[MeterValue, ...]:
    """The readings with the meter's among them."""
    meter = neutral.meter
    if meter is None or readings(neutral.values):
        return neutral.values
    sample = SampledValue(value=meter.value, context=CONTEXTS[type(neutral)])
    return (*neutral.values, MeterValue(at=neutral.at, samples=(sample,)))


def _answered(said: TransactionDecision) -> v2.TransactionEventResponse:
    outcome = said.authorization
    return v2.TransactionEventResponse(
        total_cost=v2.UNSET if said.cost is None else float(said.cost),
        id_token_info=v2.UNSET if outcome is None else id_token_info(outcome),
        transaction_limit=_write_limit(said.limit),
        updated_personal_message=write_message(said.message),
    )


@V2.acknowledge("TransactionEvent")
def _acknowledge(decision: TransactionDecision) -> v2.TransactionEventResponse:
    return _answered(decision)

"""E. Transactions, as OCPP 1.6 says them.

In 1.6 the CSMS numbers a transaction, in 2.x the station does. So a start read here carries no reference: it
is born in the answer, whose number the stop and the meter values repeat. −1 and 0 are told as they came (a
station whose start was never confirmed must say −1, errata 4.0); the CSMS finds out what they mean. What
goes on between start and end is told by MeterValues and StatusNotification.
"""

from __future__ import annotations

from decimal import Decimal

from amperanto.dialects.context import StationContext
from amperanto.dialects.errors import NotSpoken
from amperanto.dialects.v16.meter_values import SAMPLE_DROPS, read_values, register_of, write_values
from amperanto.dialects.v16.words import (
    ANSWER_DROPS,
    CONNECTOR,
    TOKEN_TYPE,
    V16,
    authorization,
    connector,
    id_tag,
    id_tag_info,
    number,
    token_of,
)
from amperanto.dialects.wording import aware
from amperanto.domain.decisions import TransactionDecision
from amperanto.domain.observations import TransactionContinued, TransactionEnded, TransactionStarted
from amperanto.domain.quantities import WattHours
from amperanto.domain.tokens import Authorization, AuthorizationStatus
from amperanto.ocpp import v16
from amperanto.ocpp.instants import Receipt

V16.never(
    (TransactionContinued,),
    "between start and stop OCPP 1.6 reports readings (MeterValues) and states (StatusNotification) only",
)

OTHER, UNLOCK_COMMAND = "Other", "UnlockCommand"
SAME_WORD = (
    "DeAuthorized",
    "EmergencyStop",
    "EVDisconnected",
    "Local",
    OTHER,
    "PowerLoss",
    "Reboot",
    "Remote",
)
IN_2X = {**{text: text for text in SAME_WORD}, "HardReset": "ImmediateReset", "SoftReset": "ImmediateReset"}
IN_16 = {
    **{text: v16.Reason(text) for text in SAME_WORD},
    "ImmediateReset": v16.Reason.HARD_RESET,
    # Our own station, asked for a soft reset; 2.x has one word for both.
    "SoftReset": v16.Reason.SOFT_RESET,
}
REFUSED = Authorization(status=AuthorizationStatus.INVALID)

TOLD_DROPS = {
    "sequence": "1.6 numbers no reports; completeness is assumed",
    "meter": "1.6 counts whole Wh",
    "trigger": "1.6 does not say why it reports",
    "charging": "1.6 tells it by StatusNotification",
    "offline": "1.6 does not say that a report was queued; its timestamp tells",
    "remote_start": "kept on our side: the next start of that token there is the one asked for",
    "phases": "1.6 tells on which phases current flows among its readings",
    "seconds_charging": "1.6 does not say how long energy flowed",
    "limit": "1.6 knows no limits of a transaction",
    "tariff": "1.6 stations calculate no costs",
    "cost": "1.6 stations calculate no costs",
    "undated": "what we notice, not what a station says",
    "token.type": TOKEN_TYPE,
    "answer.cost": "1.6 tells a cost by DataTransfer only",
    "answer.message": "1.6 tells a driver nothing",
    "answer.limit": "1.6 knows no limits of a transaction",
}


@V16.exchange(
    v16.StartTransactionRequest,
    TransactionStarted,
    drops={
        **TOLD_DROPS,
        "reference": "the CSMS gives the number in its answer",
        "where.connector": CONNECTOR,
        "values": "1.6 starts tell one reading, meterStart",
        "answer.authorization": "1.6 always says one: a start nobody decided about is answered Invalid",
        **ANSWER_DROPS,
    },
)
class StartTransaction:
    """A transaction began; its number is in the answer."""

    @staticmethod
    def read(wire: v16.StartTransactionRequest, context: StationContext) -> TransactionStarted:
        return TransactionStarted(
            at=aware(wire.timestamp),
            where=context.topology.place(wire.connector_id),
            token=token_of(wire.id_tag),
            meter=WattHours(Decimal(wire.meter_start)),
            reservation=v16.or_none(wire.reservation_id),
            undated=isinstance(wire.timestamp, Receipt),
        )

    @staticmethod
    def write(neutral: TransactionStarted, context: StationContext) -> v16.StartTransactionRequest:
        if neutral.token is None:
            raise NotSpoken("OCPP 1.6 starts a transaction with a token only")
        return v16.StartTransactionRequest(
            connector_id=connector(neutral.where, context),
            id_tag=id_tag(neutral.token),
            meter_start=register_of(neutral.meter, neutral.values, last=False),
            timestamp=aware(neutral.at),
            reservation_id=v16.unless_none(neutral.reservation),
        )

    @staticmethod
    def answer(
        wire: v16.StartTransactionRequest, said: TransactionDecision, context: StationContext
    ) -> v16.StartTransactionResponse:
        return _numbered(said)

    @staticmethod
    def hear(
        neutral: TransactionStarted, answer: v16.StartTransactionResponse, context: StationContext
    ) -> TransactionDecision:
        return TransactionDecision(number=answer.transaction_id, authorization=authorization(answer.id_tag_info))


def _numbered(said: TransactionDecision) -> v16.StartTransactionResponse:
    """Every start is given a number, a refused one too; a start nobody decided about is refused."""
    if said.number is None:
        raise NotSpoken("a 1.6 start is answered with the number of its transaction")
    return v16.StartTransactionResponse(
        transaction_id=said.number, id_tag_info=id_tag_info(said.authorization or REFUSED)
    )


@V16.exchange(
    v16.StopTransactionRequest,
    TransactionEnded,
    drops={
        **TOLD_DROPS,
        "where": "1.6 names only the transaction; restored where it is known",
        "reservation": "told with the start",
        "reason": "2.x has nine reasons more; 1.6 says Other",
        "values": "1.6 may tell the end by meterStop alone",
        **SAMPLE_DROPS,
        "answer.number": "the station knows the number",
        **ANSWER_DROPS,
    },
)
class StopTransaction:
    """A transaction ended; the answer speaks of the token that stopped it, if one was told."""

    @staticmethod
    def read(wire: v16.StopTransactionRequest, context: StationContext) -> TransactionEnded:
        reference = str(wire.transaction_id)
        token, data = wire.id_tag, wire.transaction_data
        reason = v16.or_none(wire.reason)
        unlocked = reason == v16.Reason.UNLOCK_COMMAND
        return TransactionEnded(
            at=aware(wire.timestamp),
            reference=reference,
            where=context.transaction_where(reference),
            token=None if isinstance(token, v16.UnsetType) else token_of(token),
            meter=WattHours(Decimal(wire.meter_stop)),
            values=() if isinstance(data, v16.UnsetType) else read_values(data),
            trigger=UNLOCK_COMMAND if unlocked else None,
            reason=None if reason is None else OTHER if unlocked else IN_2X.get(reason, str(reason)),
            undated=isinstance(wire.timestamp, Receipt),
        )

    @staticmethod
    def write(neutral: TransactionEnded, context: StationContext) -> v16.StopTransactionRequest:
        return v16.StopTransactionRequest(
            transaction_id=number(neutral.reference),
            meter_stop=register_of(neutral.meter, neutral.values, last=True),
            timestamp=aware(neutral.at),
            id_tag=v16.UNSET if neutral.token is None else id_tag(neutral.token),
            reason=_reason(neutral),
            transaction_data=write_values(neutral.values) or v16.UNSET,
        )

    @staticmethod
    def answer(
        wire: v16.StopTransactionRequest, said: TransactionDecision, context: StationContext
    ) -> v16.StopTransactionResponse:
        return _stopped(said)

    @staticmethod
    def hear(
        neutral: TransactionEnded, answer: v16.StopTransactionResponse, context: StationContext
    ) -> TransactionDecision:
        info = answer.id_tag_info
        return TransactionDecision(authorization=None if isinstance(info, v16.UnsetType) else authorization(info))


def _reason(neutral: TransactionEnded) -> v16.Reason | v16.UnsetType:
    if neutral.reason is None:
        return v16.UNSET
    if neutral.reason == OTHER and neutral.trigger == UNLOCK_COMMAND:
        return v16.Reason.UNLOCK_COMMAND
    return IN_16.get(neutral.reason, v16.Reason.OTHER)


def _stopped(said: TransactionDecision) -> v16.StopTransactionResponse:
    return v16.StopTransactionResponse(
        id_tag_info=v16.UNSET if said.authorization is None else id_tag_info(said.authorization)
    )


@V16.acknowledge("StartTransaction")
def _acknowledge_start(decision: TransactionDecision) -> v16.StartTransactionResponse | None:
    return None if decision.number is None else _numbered(decision)


@V16.acknowledge("StopTransaction")
def _acknowledge_stop(decision: TransactionDecision) -> v16.StopTransactionResponse:
    return _stopped(decision)

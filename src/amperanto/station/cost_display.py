"""I01-I06. What the driver reads of prices and costs, in every version.

2.x tells texts and figures with its answers (personalMessage, totalCost) and by CostUpdated; 0 is free, and what is
not told is unknown: then the fallback messages are shown. In 1.6 the California Pricing Requirements whitepaper does
the same by DataTransfer messages of `org.openchargealliance.costmsg`, where CustomDisplayCostAndPrice is true.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from amperanto.dialects.dialect import Neutral, Said
from amperanto.domain.decisions import TokenDecision, TransactionDecision
from amperanto.domain.observations import TokenPresented, TransactionEnded, TransactionStarted, TransactionTold
from amperanto.domain.quantities import exact
from amperanto.ocpp import v2
from amperanto.ocpp.shapes import or_none
from amperanto.station.block import Block, handles
from amperanto.station.data_transfer import DataTransfer
from amperanto.station.evse import Transaction
from amperanto.station.money_controllers import LANGUAGE, TARIFFS
from amperanto.station.queue import Queue, Report
from amperanto.station.screen import Screen
from amperanto.station.transactions import Transactions

CALIFORNIA = "org.openchargealliance.costmsg"
SHOWS = ("ConfigurationKeys", "CustomDisplayCostAndPrice")
FREE = "Free of charge."
BAD_DATA = v2.DataTransferResponse(status=v2.DataTransferStatus.REJECTED)
NOT_ON = v2.DataTransferResponse(status=v2.DataTransferStatus.UNKNOWN_VENDOR_ID)


class CostDisplay(Block):
    """I. Tariff and cost: what is shown."""

    def __init__(self, transactions: Transactions, queue: Queue, screen: Screen, data_transfer: DataTransfer) -> None:
        super().__init__(transactions.context, transactions.line)
        self._screen = screen
        self._texts: dict[str, str] = {}
        self.on_cost: list[Callable[[Transaction], None]] = []
        """Who wants to know that a running transaction costs something else."""
        queue.amending.append(self._begun)
        self.line.on_said.append(self._said)
        data_transfer.vendors[CALIFORNIA] = self._told_in_16

    # --- 2.x

    @handles(v2.CostUpdatedRequest)
    def updated(self, asked: v2.CostUpdatedRequest) -> v2.CostUpdatedResponse:
        """I02: what a transaction has cost so far; a limit of cost is held against it (E16).

        `customData` may say more, in the whitepaper's words: that it is final, a text, an address.
        """
        found = self.context.transaction_of(asked.transaction_id)
        if not self._shows:
            return _not_taken(NOT_ON)
        if found is None:
            return v2.CostUpdatedResponse() if self.context.habits.shows_costs else _not_taken(BAD_DATA)
        extra = or_none(asked.custom_data) or {}
        if extra.get("final") is True:
            self._last(found, exact(asked.total_cost), extra)
        elif found.open:
            self._costs(found, exact(asked.total_cost))
        return v2.CostUpdatedResponse()

    @property
    def _shows(self) -> bool:
        return self.context.habits.shows_costs or self.context.variables.text(*SHOWS).lower() == "true"

    def _last(self, transaction: Transaction, cost: Decimal, extra: dict[str, Any]) -> None:
        self._final(transaction.evse, cost)
        for name in ("priceText", "qrCodeText"):
            if extra.get(name):
                self._screen.show(transaction.evse, str(extra[name]))

    def _costs(self, transaction: Transaction, cost: Decimal) -> None:
        evse = self.context.evses[transaction.evse]
        self._screen.show(evse.number, f"So far: {self._money(cost)}")
        transaction.cost = cost
        evse.stirred.set()
        for heard in self.on_cost:
            heard(transaction)

    def _said(self, neutral: Neutral, said: Said) -> None:
        if isinstance(neutral, TokenPresented) and isinstance(said, TokenDecision):
            if said.message is not None:
                self._texts[neutral.token.key] = said.message.content
                self._screen.show(0, said.message.content)
        elif isinstance(neutral, TransactionTold) and isinstance(said, TransactionDecision):
            found = None if neutral.reference is None else self.context.transaction_of(neutral.reference)
            if found is not None:
                self._answered(found, neutral, said)

    def _answered(self, transaction: Transaction, told: TransactionTold, said: TransactionDecision) -> None:
        number = transaction.evse
        if said.message is not None:
            self._screen.show(number, said.message.content)  # I06
        if isinstance(told, TransactionEnded):
            self._final(number, said.cost)
        elif said.cost is not None and transaction.open:
            self._costs(transaction, said.cost)

    def _final(self, evse: int, cost: Decimal | None) -> None:
        """I03, I05: what it came to; 0 is free, and nothing said is unknown."""
        if cost is None:
            if self.context.habits.shows_costs:
                self._screen.show(evse, self._fallback("TotalCostFallbackMessage"))
            return
        self._screen.show(evse, FREE if cost == 0 else f"Total: {self._money(cost)}")

    def _begun(self, transaction: Transaction, report: Report) -> Report:
        """I01, I04: the price of the driver whose transaction begins, or what to say where none is known."""
        if not isinstance(report, TransactionStarted):
            return report
        key = "" if transaction.token is None else transaction.token.key
        text = self._texts.pop(key, None)
        if text is None and self.context.habits.shows_costs:
            offline = self.context.habits.calculates_costs and not self.line.is_ready
            text = self._fallback("OfflineTariffFallbackMessage" if offline else "TariffFallbackMessage")
        if text is not None:
            self._screen.show(transaction.evse, text)
        return report

    def _fallback(self, name: str) -> str:
        instance = LANGUAGE if self.context.habits.calculates_costs else None
        return self.context.variables.text(TARIFFS, name, instance)

    def _money(self, cost: Decimal) -> str:
        return f"{cost:f} {self.context.variables.text(TARIFFS, 'Currency')}"

    # --- 1.6

    def _told_in_16(self, asked: v2.DataTransferRequest) -> v2.DataTransferResponse:
        """The whitepaper's SetUserPrice, RunningCost and FinalCost."""
        if not self._shows:
            return NOT_ON
        try:
            told = _object(asked.data)
            match asked.message_id:
                case "SetUserPrice":
                    self._texts[str(told["idToken"]).casefold()] = str(told["priceText"])
                    self._screen.show(0, str(told["priceText"]))
                case "RunningCost":
                    return self._running(told)
                case "FinalCost":
                    return self._final_in_16(told)
                case _:
                    return v2.DataTransferResponse(status=v2.DataTransferStatus.UNKNOWN_MESSAGE_ID)
        except (KeyError, TypeError, ValueError):
            return BAD_DATA
        return v2.DataTransferResponse(status=v2.DataTransferStatus.ACCEPTED)

    def _running(self, told: dict[str, Any]) -> v2.DataTransferResponse:
        found = self.context.transaction_of(str(told["transactionId"]))
        if found is None or not found.open:
            return BAD_DATA
        self._costs(found, exact(told["cost"]))
        return v2.DataTransferResponse(status=v2.DataTransferStatus.ACCEPTED)

    def _final_in_16(self, told: dict[str, Any]) -> v2.DataTransferResponse:
        found = self.context.transaction_of(str(told["transactionId"]))
        if found is None:
            return BAD_DATA
        self._last(found, exact(told["cost"]), told)
        return v2.DataTransferResponse(status=v2.DataTransferStatus.ACCEPTED)


def _not_taken(why: v2.DataTransferResponse) -> v2.CostUpdatedResponse:
    """A cost that came as a DataTransfer (1.6) is answered with that message's word."""
    return v2.CostUpdatedResponse(custom_data={"vendorId": CALIFORNIA, "status": str(why.status)})


def _object(data: object) -> dict[str, Any]:
    """The message's data: 1.6 carries JSON in a text."""
    read = json.loads(data, parse_float=Decimal) if isinstance(data, str) else data
    if not isinstance(read, dict):
        raise TypeError
    return read  # type: ignore[return-value]

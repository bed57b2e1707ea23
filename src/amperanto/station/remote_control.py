"""F. Remote control: start, stop, unlock and trigger, as the CSMS asks.

The answer says whether the station will try; what comes of it is told afterwards, in the usual messages.
Starting and stopping are refused before the CSMS has accepted the station (B02.FR.05).
"""

from __future__ import annotations

from amperanto.domain.observations import FirmwareProgressed, LogProgressed, TokenPresented
from amperanto.domain.stations import Registration
from amperanto.domain.tokens import Token
from amperanto.ocpp import v2
from amperanto.ocpp.shapes import or_none, unless_none
from amperanto.station.authorization import Authorization
from amperanto.station.availability import STATION, Availability
from amperanto.station.block import Block, Then, handles
from amperanto.station.controllers import OVERVIEW
from amperanto.station.evse import Evse, Transaction
from amperanto.station.meter_values import TRIGGER, MeterValues
from amperanto.station.provisioning import Provisioning
from amperanto.station.transactions import Cause, Transactions

ASKED = v2.RequestStartStopStatus
TRIGGERED = v2.TriggerMessageStatus


class RemoteControl(Block):
    """F. Remote control."""

    def __init__(
        self,
        authorization: Authorization,
        transactions: Transactions,
        availability: Availability,
        meters: MeterValues,
        provisioning: Provisioning,
    ) -> None:
        super().__init__(transactions.context, transactions.line)
        self._provisioning = provisioning
        self._authorization = authorization
        self._transactions = transactions
        self._availability = availability
        self._meters = meters

    # --- start and stop

    @handles(v2.RequestStartTransactionRequest)
    def start(self, asked: v2.RequestStartTransactionRequest) -> v2.RequestStartTransactionResponse | Then:
        """Let a token charge (F01, F02)."""
        token, group = Token(asked.id_token.id_token, asked.id_token.type), or_none(asked.group_id_token)
        whose = None if group is None else group.id_token
        evse = self._free(or_none(asked.evse_id), token, whose)
        sayable = self.can_say(TokenPresented(token=token))
        if evse is None or not sayable or self.line.registration is not Registration.ACCEPTED:
            return v2.RequestStartTransactionResponse(status=ASKED.REJECTED)
        wrong = self._wrong_profile(or_none(asked.charging_profile))
        if wrong is not None:
            info = v2.StatusInfo(reason_code=wrong)
            return v2.RequestStartTransactionResponse(status=ASKED.REJECTED, status_info=info)
        running = None if evse.transaction is None else evse.transaction.reference
        response = v2.RequestStartTransactionResponse(status=ASKED.ACCEPTED, transaction_id=unless_none(running))
        return Then(response, lambda: self._start(token, whose, evse, asked.remote_start_id))

    async def _start(self, token: Token, group: str | None, evse: Evse, remote_start: int) -> None:
        if self._asks_first:
            outcome = await self._authorization.decide(token)
            if not outcome.accepted:
                return
            group = outcome.group or group
        if evse.usable and self._authorization.reserved.admits(token, group, evse):
            cause = Cause(trigger="RemoteStart", token=token, remote_start=remote_start)
            self._authorization.admit(token, evse, cause, group)

    def _wrong_profile(self, profile: v2.ChargingProfile | None) -> str | None:
        """What is wrong with the profile of a remote start; a station without smart charging ignores it (F01)."""
        if profile is None or not self.context.variables.flag("SmartChargingCtrlr", "Enabled"):
            return None
        if profile.charging_profile_purpose != v2.ChargingProfilePurpose.TX_PROFILE or or_none(profile.transaction_id):
            return "InvalidProfile"
        for schedule in profile.charging_schedule:
            starts = [period.start_period for period in schedule.charging_schedule_period]
            if not starts or starts[0] != 0 or starts != sorted(set(starts)):
                return "InvalidSchedule"
        return None

    @property
    def _asks_first(self) -> bool:
        return self.context.variables.flag("AuthCtrlr", "AuthorizeRemoteStart")

    def _free(self, wanted: int | None, token: Token, group: str | None) -> Evse | None:
        """The EVSE asked for, or the likeliest one: reserved for that token, or where a car already waits."""
        reserved = self._authorization.reserved
        free = [
            evse
            for evse in self.context.evses.values()
            if evse.usable
            and wanted in (None, evse.number)
            and (reserved.admits(token, group, evse) or (self._asks_first and reserved.may_admit(token, evse)))
        ]
        return min(free, key=lambda evse: (not evse.reserved, not evse.plugged), default=None)

    @handles(v2.RequestStopTransactionRequest)
    def stop(self, asked: v2.RequestStopTransactionRequest) -> v2.RequestStopTransactionResponse | Then:
        """End a transaction (F03)."""
        found = self.context.transaction_of(asked.transaction_id)
        accepted = self.line.registration is Registration.ACCEPTED
        if found is None or not found.open or not accepted:
            return v2.RequestStopTransactionResponse(status=ASKED.REJECTED)
        evse = self.context.evses[found.evse]
        return Then(v2.RequestStopTransactionResponse(status=ASKED.ACCEPTED), lambda: self._stop(evse, found))

    async def _stop(self, evse: Evse, transaction: Transaction) -> None:
        if evse.transaction is transaction:
            self._transactions.stop(evse, Cause(trigger="RemoteStop", reason="Remote"))

    # --- unlock

    @handles(v2.UnlockConnectorRequest)
    def unlock(self, asked: v2.UnlockConnectorRequest) -> v2.UnlockConnectorResponse:
        """Open the cable lock (F05)."""
        words = v2.UnlockStatus
        evse = self.context.evses.get(asked.evse_id)
        if evse is None or asked.connector_id != 1:
            return v2.UnlockConnectorResponse(status=words.UNKNOWN_CONNECTOR)
        if evse.token is not None and evse.transaction is not None:
            if not self.context.habits.unlock_ends_transaction:
                return v2.UnlockConnectorResponse(status=words.ONGOING_AUTHORIZED_TRANSACTION)
            self._transactions.stop(evse, Cause(trigger="UnlockCommand", reason="Other"))
        unlocked = evse.outlet.lock.unlock()
        return v2.UnlockConnectorResponse(status=words.UNLOCKED if unlocked else words.UNLOCK_FAILED)

    # --- trigger

    @handles(v2.TriggerMessageRequest)
    def trigger(self, asked: v2.TriggerMessageRequest) -> v2.TriggerMessageResponse | Then:
        """Send a message now (F06): the answer first, then the message."""
        words = v2.MessageTrigger
        place = or_none(asked.evse)
        only = None if place is None or place.id == 0 else place.id
        connector = None if place is None else or_none(place.connector_id)
        if (only is not None and only not in self.context.evses) or connector not in (None, 0, 1):
            return v2.TriggerMessageResponse(status=TRIGGERED.REJECTED)
        accepted = v2.TriggerMessageResponse(status=TRIGGERED.ACCEPTED)
        match asked.requested_message:
            case words.BOOT_NOTIFICATION:
                if self.line.registration is Registration.ACCEPTED:
                    return v2.TriggerMessageResponse(status=TRIGGERED.REJECTED)
                return Then(accepted, self._boot)
            case words.HEARTBEAT:
                return Then(accepted, self._availability.heartbeat)
            case words.STATUS_NOTIFICATION:
                return Then(accepted, lambda: self._states(only))
            case words.METER_VALUES:
                return Then(accepted, lambda: self._meters.report(TRIGGER, self._sampled_apart, only))
            case words.TRANSACTION_EVENT:
                running = [evse for evse in self._transactions.running() if only in (None, evse.number)]
                if not running:
                    return v2.TriggerMessageResponse(status=TRIGGERED.REJECTED)
                return Then(accepted, lambda: self._events(running))
            case words.LOG_STATUS_NOTIFICATION:
                log = LogProgressed(status="Idle", diagnostics=self._in_old_form())
                return Then(accepted, lambda: self._idle(log))
            case words.FIRMWARE_STATUS_NOTIFICATION:
                firmware = FirmwareProgressed(status="Idle", signed=not self._in_old_form())
                return Then(accepted, lambda: self._idle(firmware))
            case words.CUSTOM_TRIGGER if asked.custom_trigger == OVERVIEW:
                return Then(accepted, lambda: self._overview(only))
            case _:
                return v2.TriggerMessageResponse(status=TRIGGERED.NOT_IMPLEMENTED)

    async def _overview(self, only: int | None) -> None:
        """Every state and every reading (F06, CustomTrigger)."""
        await self._states(only)
        await self._meters.report(TRIGGER, self._sampled_apart, only)

    def _in_old_form(self) -> bool:
        return self.context.habits.progress_has_two_forms and self.context.command == "TriggerMessage"

    async def _boot(self) -> None:
        self._provisioning.boot_again()

    async def _states(self, only: int | None) -> None:
        if only is None and self.context.habits.station_has_a_state:
            await self.tell(self._availability.state_message(STATION))
        for evse in self.context.evses.values():
            if only in (None, evse.number):
                await self.tell(self._availability.state_message(evse.where))

    async def _events(self, running: list[Evse]) -> None:
        for evse in running:
            self._transactions.sample(evse, TRIGGER)

    async def _idle(self, told: LogProgressed | FirmwareProgressed) -> None:
        await self.tell(told)

    def _sampled_apart(self, evse: Evse, context: str) -> bool:
        """In 1.6 a triggered reading belongs to the running transaction; 2.x has TransactionEvent for it."""
        if self.context.habits.csms_numbers_transactions:
            return self._transactions.sample(evse, context)
        return False

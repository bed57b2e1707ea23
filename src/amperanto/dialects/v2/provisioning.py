"""B. Provisioning, as OCPP 2.x says it: the boot. Everything else of this block is its own neutral word."""

from __future__ import annotations

from amperanto.dialects.context import StationContext
from amperanto.dialects.v2.words import V2
from amperanto.dialects.wording import aware, fitting, fitting_or_unset, word
from amperanto.domain.decisions import BootDecision
from amperanto.domain.observations import StationBooted
from amperanto.domain.stations import Hardware, Registration
from amperanto.ocpp import v2

NO_METER = "2.x tells its meters by their own components"
UNKNOWN = "Unknown"
REGISTERED = {status.value: status for status in Registration}


@V2.exchange(
    v2.BootNotificationRequest,
    StationBooted,
    drops={
        "hardware.charge_box_serial_number": "2.x knows one serial number",
        "hardware.meter_type": NO_METER,
        "hardware.meter_serial_number": NO_METER,
        "reason": "2.x always says one: none is said as Unknown",
    },
)
class BootNotification:
    """The station started. An answer in no known word counts as Rejected."""

    @staticmethod
    def read(wire: v2.BootNotificationRequest, context: StationContext) -> StationBooted:
        told = wire.charging_station
        modem = v2.Modem() if isinstance(told.modem, v2.UnsetType) else told.modem
        return StationBooted(
            hardware=Hardware(
                vendor=told.vendor_name,
                model=told.model,
                serial_number=v2.or_none(told.serial_number),
                firmware_version=v2.or_none(told.firmware_version),
                iccid=v2.or_none(modem.iccid),
                imsi=v2.or_none(modem.imsi),
            ),
            reason=str(wire.reason),
        )

    @staticmethod
    def write(neutral: StationBooted, context: StationContext) -> v2.BootNotificationRequest:
        told = neutral.hardware
        modem = v2.Modem(iccid=fitting_or_unset(told.iccid, 20, "ICCID"), imsi=fitting_or_unset(told.imsi, 20, "IMSI"))
        return v2.BootNotificationRequest(
            charging_station=v2.ChargingStation(
                model=fitting(told.model, 20, "model"),
                vendor_name=fitting(told.vendor, 50, "vendor"),
                serial_number=fitting_or_unset(told.serial_number, 25, "serial number"),
                firmware_version=fitting_or_unset(told.firmware_version, 50, "firmware version"),
                modem=v2.UNSET if modem == v2.Modem() else modem,
            ),
            reason=word(v2.BootReason, neutral.reason or UNKNOWN, "boot reason"),
        )

    @staticmethod
    def answer(
        wire: v2.BootNotificationRequest, said: BootDecision, context: StationContext
    ) -> v2.BootNotificationResponse:
        return v2.BootNotificationResponse(
            status=v2.RegistrationStatus(said.status.value),
            current_time=aware(said.now),
            interval=said.interval,
        )

    @staticmethod
    def hear(neutral: StationBooted, answer: v2.BootNotificationResponse, context: StationContext) -> BootDecision:
        return BootDecision(
            status=REGISTERED.get(answer.status, Registration.REJECTED),
            now=aware(answer.current_time),
            interval=answer.interval,
        )

"""Strategies over the house's words, by what each OCPP version can say, and what is surely lost of them."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple

import msgspec
from hypothesis import strategies as st
from tests.laws.tariff_words import DETAILS, TARIFFS

from amperanto.dialects.v16.configuration_keys import PLACES, Place, named
from amperanto.dialects.v16.meter_values import default_unit
from amperanto.domain import decisions, device_model, observations
from amperanto.domain.limits import TransactionLimit
from amperanto.domain.meter_values import MeterValue, SampledValue, SignedValue
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import Availability, ChargingState, EvseRef, Fault, Hardware, Registration
from amperanto.domain.tokens import Authorization, AuthorizationStatus, Token
from amperanto.ocpp import v2, v16
from amperanto.ocpp.versions import Version

V16, V2 = (Version.V16,), (Version.V201, Version.V21)
ALL = V16 + V2
Build = Callable[[Version], st.SearchStrategy[Any]]


class Case(NamedTuple):
    """A neutral word (all that the version can say), with its answer; and what it surely loses."""

    name: str
    versions: tuple[Version, ...]
    neutral: Build
    said: Build
    loses: frozenset[str] = frozenset()


def text(limit: int, least: int = 0) -> st.SearchStrategy[str]:
    return st.text(st.characters(exclude_categories=["Cs"]), min_size=least, max_size=limit)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def unset(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.just(v2.UNSET) | strategy


def words(kind: type[Enum]) -> st.SearchStrategy[str]:
    return st.sampled_from([str(one.value) for one in kind])


def old_words(kind: type[Enum], *news: str) -> Callable[[Version], st.SearchStrategy[str]]:
    """A vocabulary of 2.x, in 2.0.1 without its news."""
    old = [str(one.value) for one in kind if one.value not in news]
    return lambda version: words(kind) if version is Version.V21 else st.sampled_from(old)


INSTANTS = st.integers(946684800_000, 4102444800_000).map(
    lambda milliseconds: datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=milliseconds)
)
NUMBERS = st.integers(0, 2**31 - 1)
FIGURES = st.decimals(-(10**9), 10**9, allow_nan=False, allow_infinity=False, places=3)
CONNECTORS = st.integers(1, 40).map(lambda number: EvseRef(number, 1))
TOKENS_16 = text(20, 1).map(Token)
NEWS_201 = {"Central", "eMAID", "ISO14443", "ISO15693", "KeyCode", "Local", "MacAddress"}
TOKENS_2 = st.builds(Token, text(36, 1), st.sampled_from(sorted(NEWS_201)))
PLACES_2 = st.builds(EvseRef, st.integers(1, 40), maybe(st.integers(1, 9)))
MEASURANDS = {
    Version.V16: [str(one.value) for one in v16.Measurand],
    Version.V201: sorted({str(one.value) for one in v16.Measurand} & {str(one.value) for one in v2.Measurand}),
    Version.V21: [str(one.value) for one in v2.Measurand],
}
UNITS_16 = {
    "Wh",
    "kWh",
    "varh",
    "kvarh",
    "W",
    "kW",
    "VA",
    "kVA",
    "var",
    "kvar",
    "A",
    "V",
    "K",
    "Celsius",
    "Percent",
}


@st.composite
def samples(draw: st.DrawFn, version: Version) -> SampledValue:
    measurand = draw(st.sampled_from(MEASURANDS[version]))
    unit = draw(st.sampled_from(sorted(UNITS_16)) | st.just(default_unit(measurand)))
    if measurand == "Frequency":
        unit = "Hertz"
    told: dict[str, Any] = {
        "measurand": measurand,
        "unit": unit,
        "context": draw(words(v16.ReadingContext)),
        "phase": draw(maybe(words(v16.Phase))),
        "location": draw(words(v16.Location)),
    }
    if version is Version.V16:
        if draw(st.booleans()):
            return SampledValue(value=None, signed=SignedValue(data=draw(text(40))), **told)
        return SampledValue(value=draw(maybe(FIGURES)), **told)
    signed = st.builds(SignedValue, data=text(40), encoding=text(20), signing_method=text(20), public_key=text(20))
    return SampledValue(value=draw(FIGURES), multiplier=draw(st.integers(-6, 6)), signed=draw(maybe(signed)), **told)


def values(version: Version, least: int = 0) -> st.SearchStrategy[tuple[MeterValue, ...]]:
    lines = st.lists(samples(version), min_size=1, max_size=3).map(tuple)
    return st.lists(st.builds(MeterValue, at=INSTANTS, samples=lines), min_size=least, max_size=2).map(tuple)


def hardware(version: Version) -> st.SearchStrategy[Hardware]:
    told: dict[str, Any] = {
        "vendor": text(20),
        "model": text(20),
        "serial_number": maybe(text(25)),
        "firmware_version": maybe(text(50)),
        "iccid": maybe(text(20)),
        "imsi": maybe(text(20)),
    }
    if version is Version.V16:
        told |= {
            "charge_box_serial_number": maybe(text(25)),
            "meter_type": maybe(text(25)),
            "meter_serial_number": maybe(text(25)),
        }
    return st.builds(Hardware, **told)


def booted(version: Version) -> st.SearchStrategy[observations.StationBooted]:
    reason = st.none() if version is Version.V16 else words(v2.BootReason)
    return st.builds(observations.StationBooted, hardware=hardware(version), reason=reason)


FAULTS = st.builds(
    Fault,
    code=words(v16.ChargePointErrorCode).filter(lambda code: code != "NoError"),
    info=maybe(text(50)),
    vendor_id=maybe(text(255)),
    vendor_code=maybe(text(50)),
)
STATES_16 = {
    "Available": (Availability.AVAILABLE, None),
    "Preparing": (Availability.OCCUPIED, ChargingState.EV_CONNECTED),
    "Charging": (Availability.OCCUPIED, ChargingState.CHARGING),
    "SuspendedEVSE": (Availability.OCCUPIED, ChargingState.SUSPENDED_EVSE),
    "SuspendedEV": (Availability.OCCUPIED, ChargingState.SUSPENDED_EV),
    "Finishing": (Availability.OCCUPIED, ChargingState.EV_CONNECTED),
    "Reserved": (Availability.RESERVED, None),
    "Unavailable": (Availability.UNAVAILABLE, None),
    "Faulted": (Availability.FAULTED, None),
}


def observed(version: Version) -> st.SearchStrategy[observations.ConnectorObserved]:
    if version is not Version.V16:
        return st.builds(
            observations.ConnectorObserved,
            where=st.builds(EvseRef, st.integers(1, 40), st.integers(1, 9)),
            availability=st.sampled_from(Availability),
            at=INSTANTS,
        )
    return st.builds(
        lambda word, where, at, fault, info: observations.ConnectorObserved(
            where=where,
            availability=STATES_16[word][0],
            charging=STATES_16[word][1],
            native=word,
            at=at,
            fault=fault,
            info=info if fault is None else None,
        ),
        st.sampled_from(sorted(STATES_16)),
        CONNECTORS | st.just(EvseRef(0)),
        maybe(INSTANTS),
        maybe(FAULTS),
        maybe(text(50)),
    )


def events(version: Version) -> st.SearchStrategy[observations.EventsReported]:
    line = st.builds(
        observations.VariableEvent,
        component=text(50, 1).filter(lambda name: name.casefold() != "connector"),
        variable=text(50, 1),
        value=text(100),
        trigger=words(v2.EventTrigger),
        at=INSTANTS,
        event_id=NUMBERS,
        notification=words(v2.EventNotification),
        component_instance=maybe(text(50)),
        variable_instance=maybe(text(50)),
        where=maybe(PLACES_2),
        cause=maybe(NUMBERS),
        cleared=maybe(st.booleans()),
        severity=maybe(st.integers(0, 9)) if version is Version.V21 else st.none(),
        monitor=maybe(NUMBERS),
        transaction=maybe(text(36)),
        tech_code=maybe(text(50)),
        tech_info=maybe(text(60)),
    )
    lines = st.lists(line | observed(version), min_size=1, max_size=3).map(tuple)
    return st.builds(observations.EventsReported, events=lines, at=INSTANTS, part=NUMBERS, more=st.booleans())


NEW_TRIGGERS = (
    "CostLimitReached", "LimitSet", "OperationModeChanged", "RunningCost", "SoCLimitReached", "TariffChanged",
    "TariffNotAccepted", "TxResumed",
)  # fmt: skip
TRIGGERS = old_words(v2.TriggerReason, *NEW_TRIGGERS)
REASONS_2 = old_words(v2.Reason, "ReqEnergyTransferRejected")
REASONS_16 = (
    "DeAuthorized", "EmergencyStop", "EVDisconnected", "ImmediateReset", "Local", "Other", "PowerLoss",
    "Reboot", "Remote",
)  # fmt: skip


CENTS = st.integers(0, 10**7).map(lambda cents: Decimal(repr(cents / 100)))
LIMITS = st.builds(
    TransactionLimit,
    cost=maybe(CENTS),
    energy=maybe(CENTS.map(WattHours)),
    seconds=maybe(NUMBERS),
    state_of_charge=maybe(st.integers(0, 100)),
)


MESSAGES = st.builds(
    decisions.PersonalMessage,
    content=text(1024),
    format=st.sampled_from(["ASCII", "HTML", "URI", "UTF8"]),
    language=maybe(text(8)),
)


def reported(kind: type[Any], version: Version) -> st.SearchStrategy[Any]:
    """A report of a transaction in 2.x."""
    told: dict[str, Any] = {"reason": maybe(REASONS_2(version))} if kind is observations.TransactionEnded else {}
    return st.builds(
        kind,
        at=INSTANTS,
        reference=text(36, 1),
        sequence=NUMBERS,
        where=maybe(PLACES_2),
        token=maybe(TOKENS_2),
        values=values(version),
        trigger=TRIGGERS(version),
        charging=maybe(st.sampled_from(ChargingState)),
        offline=st.booleans(),
        reservation=maybe(NUMBERS),
        remote_start=maybe(NUMBERS),
        phases=maybe(st.integers(0, 3)),
        limit=maybe(LIMITS) if version is Version.V21 else st.none(),
        seconds_charging=maybe(NUMBERS),
        tariff=maybe(text(60, 1)) if version is Version.V21 else st.none(),
        cost=maybe(DETAILS) if version is Version.V21 else st.none(),
        **told,
    )


METERS_16 = st.integers(-(10**9), 10**9).map(WattHours.of)
STARTS_16 = st.builds(
    observations.TransactionStarted,
    at=INSTANTS,
    where=CONNECTORS,
    token=TOKENS_16,
    meter=METERS_16,
    reservation=maybe(NUMBERS),
)
REFERENCES_16 = st.integers(-1, 2**31).map(str)
STOPS_16 = st.builds(
    observations.TransactionEnded,
    at=INSTANTS,
    reference=REFERENCES_16,
    token=maybe(TOKENS_16),
    meter=METERS_16,
    values=values(Version.V16),
    reason=maybe(st.sampled_from(REASONS_16)),
)


def read_meter(version: Version) -> st.SearchStrategy[observations.MeterRead]:
    where = CONNECTORS | st.just(EvseRef(0)) if version is Version.V16 else st.integers(0, 40).map(EvseRef)
    reference = maybe(REFERENCES_16) if version is Version.V16 else st.none()
    return st.builds(observations.MeterRead, where=where, values=values(version, 1), reference=reference)


STATUSES_16 = [AuthorizationStatus(str(one.value)) for one in v16.AuthorizationStatus]


MORE_OF_OUTCOMES: dict[str, Any] = {
    "evses": st.lists(st.integers(0, 9), max_size=2).map(tuple),
    "language1": maybe(text(8)),
    "language2": maybe(text(8)),
}


def outcomes(version: Version) -> st.SearchStrategy[Authorization]:
    return st.builds(
        Authorization,
        status=st.sampled_from(STATUSES_16 if version is Version.V16 else list(AuthorizationStatus)),
        group=maybe(text(20)),
        expires_at=maybe(INSTANTS),
        **({} if version is Version.V16 else MORE_OF_OUTCOMES),
    )


def decided(version: Version) -> st.SearchStrategy[decisions.TransactionDecision]:
    return st.builds(
        decisions.TransactionDecision,
        authorization=maybe(outcomes(version)),
        cost=st.none() if version is Version.V16 else maybe(CENTS),
        limit=maybe(LIMITS) if version is Version.V21 else st.none(),
        message=st.none() if version is Version.V16 else maybe(MESSAGES),
    )


def numbered(version: Version) -> st.SearchStrategy[decisions.TransactionDecision]:
    return st.builds(decisions.TransactionDecision, number=NUMBERS, authorization=outcomes(version))


def firmware(version: Version) -> st.SearchStrategy[observations.FirmwareProgressed]:
    signed = st.builds(observations.FirmwareProgressed, status=words(v2.FirmwareStatus), request=maybe(NUMBERS))
    plain = st.builds(observations.FirmwareProgressed, status=words(v16.FirmwareStatus), signed=st.just(False))
    return signed | plain if version is Version.V16 else signed


def logs(version: Version) -> st.SearchStrategy[observations.LogProgressed]:
    if version is not Version.V16:
        return st.builds(observations.LogProgressed, status=words(v2.UploadLogStatus), request=maybe(NUMBERS))
    older = st.sampled_from(["Idle", "Uploaded", "UploadFailure", "Uploading"])
    return st.builds(observations.LogProgressed, status=words(v16.UploadLogStatus), request=maybe(NUMBERS)) | st.builds(
        observations.LogProgressed, status=older, diagnostics=st.just(True)
    )


BOOT_DECISIONS = st.builds(decisions.BootDecision, status=st.sampled_from(Registration), now=INSTANTS, interval=NUMBERS)
NOTED = st.just(decisions.Noted())


def only(strategy: st.SearchStrategy[Any]) -> Build:
    """The same for every version."""
    return lambda version: strategy


ATTRIBUTES = st.builds(
    device_model.Attribute,
    kind=st.sampled_from(device_model.ATTRIBUTES),
    value=maybe(text(100)),
    mutability=st.sampled_from(device_model.Mutability),
    persistent=st.booleans(),
    constant=st.booleans(),
)
VARIABLES = st.builds(
    device_model.VariableRef,
    component=text(50),
    variable=text(50),
    component_instance=maybe(text(50)),
    variable_instance=maybe(text(50)),
    where=maybe(st.builds(EvseRef, st.integers(0, 40), maybe(st.integers(1, 9)))),
)


def reports(version: Version) -> st.SearchStrategy[observations.VariablesReported]:
    about = st.builds(
        device_model.Characteristics,
        data_type=words(v2.Data),
        supports_monitoring=st.booleans(),
        unit=maybe(text(16)),
        min_limit=maybe(st.floats(-1e9, 1e9)),
        max_limit=maybe(st.floats(-1e9, 1e9)),
        max_elements=maybe(st.integers(1, 1000)) if version is Version.V21 else st.none(),
        values_list=maybe(text(100)),
    )
    line = st.builds(
        device_model.ReportedVariable,
        ref=VARIABLES,
        attributes=st.lists(ATTRIBUTES, min_size=1, max_size=4).map(tuple),
        characteristics=maybe(about),
    )
    return st.builds(
        observations.VariablesReported,
        request=NUMBERS,
        at=INSTANTS,
        variables=st.lists(line, max_size=3).map(tuple),
        part=NUMBERS,
        more=st.booleans(),
    )


# --- commands, as 1.6 can say them

VENDOR_KEYS = text(50, 1).filter(lambda key: key.casefold() not in {known.casefold() for known in PLACES})
KEYS = st.sampled_from([*PLACES.values()]) | VENDOR_KEYS.map(lambda key: Place("ConfigurationKeys", key))


def asked(places: list[Place]) -> v2.GetVariablesRequest:
    lines = [v2.GetVariableData(component=one, variable=name) for one, name in map(named, places)]
    return v2.GetVariablesRequest(get_variable_data=lines)


def written(told: list[tuple[Place, str]]) -> v2.SetVariablesRequest:
    return v2.SetVariablesRequest(
        set_variable_data=[
            v2.SetVariableData(attribute_value=value, component=named(place)[0], variable=named(place)[1])
            for place, value in told
        ]
    )


def status(response: type[Any], kind: type[Enum], *but: str) -> Build:
    """Answers that are a status only."""
    said = [one for one in kind if one.value not in but]
    return only(st.builds(response, status=st.sampled_from(said)))


EVSES = CONNECTORS.map(lambda where: v2.EVSE(id=where.evse, connector_id=1))
TRIGGERED = [
    v2.MessageTrigger(name)
    for name in (
        "BootNotification", "FirmwareStatusNotification", "Heartbeat", "LogStatusNotification", "MeterValues",
        "SignChargingStationCertificate", "StatusNotification",
    )
]  # fmt: skip
PERIODS_16 = st.builds(
    v2.ChargingSchedulePeriod,
    start_period=NUMBERS,
    limit=st.integers(0, 10**6).map(lambda tenths: tenths / 10),
    number_phases=unset(st.integers(1, 3)),
)
PROFILES_16 = st.builds(
    v2.ChargingProfile,
    id=st.just(9),
    stack_level=st.integers(0, 99),
    charging_profile_purpose=st.just(v2.ChargingProfilePurpose.TX_PROFILE),
    charging_profile_kind=st.sampled_from(
        [v2.ChargingProfileKind(kind) for kind in ("Absolute", "Recurring", "Relative")]
    ),
    charging_schedule=st.lists(
        st.builds(
            v2.ChargingSchedule,
            id=st.just(9),
            charging_rate_unit=st.sampled_from(v2.ChargingRateUnit),
            charging_schedule_period=st.lists(PERIODS_16, min_size=1, max_size=3),
            duration=unset(NUMBERS),
            min_charging_rate=unset(st.integers(0, 100).map(lambda tenths: tenths / 10)),
        ),
        min_size=1,
        max_size=1,
    ),
    recurrency_kind=unset(st.sampled_from(v2.RecurrencyKind).filter(lambda kind: kind.value in ("Daily", "Weekly"))),
    valid_from=unset(INSTANTS),
    valid_to=unset(INSTANTS),
)
START = st.builds(
    v2.RequestStartTransactionRequest,
    id_token=st.builds(v2.IdToken, id_token=text(20, 1), type=st.just("ISO14443")),
    remote_start_id=NUMBERS,
    evse_id=unset(st.integers(1, 40)),
    charging_profile=unset(PROFILES_16),
)
COSTS = st.builds(
    v2.CostUpdatedRequest,
    total_cost=st.integers(0, 10**7).map(lambda cents: cents / 100),
    transaction_id=st.integers(0, 2**31 - 1).map(str),
    custom_data=st.just(v2.UNSET)
    | st.booleans().map(
        lambda last: {
            "vendorId": "org.openchargealliance.costmsg",
            **({"final": True} if last else {"state": "Idle", "meterValue": 7}),
        }
    ),
)
DATA = st.builds(v2.DataTransferRequest, vendor_id=text(255), message_id=unset(text(50)), data=unset(text(100)))
DATA_SAID = st.builds(v2.DataTransferResponse, status=st.sampled_from(v2.DataTransferStatus), data=unset(text(100)))


def listed(version: Version) -> st.SearchStrategy[v2.SendLocalListRequest]:
    """A local authorization list: tokens to put, and tokens to remove."""
    old = version is Version.V16
    info = st.builds(
        v2.IdTokenInfo,
        status=st.sampled_from([v2.AuthorizationStatus(one.value) for one in STATUSES_16]),
        group_id_token=unset(st.builds(v2.IdToken, id_token=text(20, 1), type=st.just("Central"))),
        cache_expiry_date_time=unset(INSTANTS),
    )
    line = st.builds(
        v2.AuthorizationData,
        id_token=st.builds(v2.IdToken, id_token=text(20 if old else 36, 1), type=st.sampled_from(sorted(NEWS_201))),
        id_token_info=unset(info),
    )
    return st.builds(
        v2.SendLocalListRequest,
        version_number=st.integers(1, 2**31 - 1),
        update_type=st.sampled_from(v2.Update),
        local_authorization_list=unset(st.lists(line, min_size=1, max_size=4)),
    )


RESERVED = st.builds(
    v2.ReserveNowRequest,
    id=NUMBERS,
    expiry_date_time=INSTANTS,
    id_token=st.builds(v2.IdToken, id_token=text(20, 1), type=st.just("ISO14443")),
    evse_id=unset(st.integers(1, 40)),
    group_id_token=unset(st.builds(v2.IdToken, id_token=text(20, 1), type=st.just("Central"))),
)
ENDS = old_words(v2.ReservationUpdateStatus, "NoTransaction")

CASES = [
    Case("boot", ALL, booted, only(BOOT_DECISIONS)),
    Case(
        "heartbeat",
        ALL,
        only(st.just(observations.HeartbeatSeen())),
        only(st.builds(decisions.TimeTold, now=INSTANTS)),
    ),
    Case("status", ALL, observed, only(NOTED)),
    Case("events", V2, events, only(NOTED)),
    Case(
        "token",
        ALL,
        lambda version: st.builds(observations.TokenPresented, token=TOKENS_16 if version in V16 else TOKENS_2),
        lambda version: st.builds(
            decisions.TokenDecision,
            authorization=outcomes(version),
            message=st.none() if version is Version.V16 else maybe(MESSAGES),
            tariff=maybe(TARIFFS) if version is Version.V21 else st.none(),
        ),
    ),
    Case("start in 1.6", V16, only(STARTS_16), numbered),
    Case("stop in 1.6", V16, only(STOPS_16), decided),
    Case("start", V2, lambda version: reported(observations.TransactionStarted, version), decided),
    Case("update", V2, lambda version: reported(observations.TransactionContinued, version), decided),
    Case("end", V2, lambda version: reported(observations.TransactionEnded, version), decided),
    Case("meter values", ALL, read_meter, only(NOTED)),
    Case(
        "security event",
        ALL,
        only(st.builds(observations.SecurityIncident, kind=text(50), at=INSTANTS, info=maybe(text(255)))),
        only(NOTED),
    ),
    Case("firmware", ALL, firmware, only(NOTED)),
    Case("log", ALL, logs, only(NOTED)),
    Case("report", V2, reports, only(NOTED)),
    Case(
        "clear cache",
        V16,
        only(st.just(v2.ClearCacheRequest())),
        status(v2.ClearCacheResponse, v2.ClearCacheStatus),
    ),
    Case(
        "reset",
        V16,
        only(st.builds(v2.ResetRequest, type=st.sampled_from([v2.Reset.IMMEDIATE, v2.Reset.ON_IDLE]))),
        status(v2.ResetResponse, v2.ResetStatus, "Scheduled"),
    ),
    Case(
        "availability",
        V16,
        only(
            st.builds(
                v2.ChangeAvailabilityRequest,
                operational_status=st.sampled_from(v2.OperationalStatus),
                evse=unset(EVSES),
            )
        ),
        status(v2.ChangeAvailabilityResponse, v2.ChangeAvailabilityStatus),
    ),
    Case(
        "unlock",
        V16,
        only(st.builds(v2.UnlockConnectorRequest, evse_id=st.integers(1, 40), connector_id=st.just(1))),
        status(v2.UnlockConnectorResponse, v2.UnlockStatus, "OngoingAuthorizedTransaction"),
    ),
    Case(
        "trigger",
        V16,
        only(st.builds(v2.TriggerMessageRequest, requested_message=st.sampled_from(TRIGGERED), evse=unset(EVSES))),
        status(v2.TriggerMessageResponse, v2.TriggerMessageStatus),
    ),
    Case(
        "remote start",
        V16,
        only(START),
        status(v2.RequestStartTransactionResponse, v2.RequestStartStopStatus),
        frozenset({"remote_start_id", "id_token.type"}),
    ),
    Case(
        "remote stop",
        V16,
        only(st.builds(v2.RequestStopTransactionRequest, transaction_id=REFERENCES_16)),
        status(v2.RequestStopTransactionResponse, v2.RequestStartStopStatus),
    ),
    Case("data transfer", V16, only(DATA), only(DATA_SAID)),
    Case("a cost by data transfer", V16, only(COSTS), only(st.just(v2.CostUpdatedResponse()))),
    Case(
        "reserve",
        V16,
        only(RESERVED),
        status(v2.ReserveNowResponse, v2.ReserveNowStatus),
        frozenset({"id_token.type", "group_id_token.type"}),
    ),
    Case(
        "cancel reservation",
        V16,
        only(st.builds(v2.CancelReservationRequest, reservation_id=NUMBERS)),
        status(v2.CancelReservationResponse, v2.CancelReservationStatus),
    ),
    Case(
        "reservation ended",
        V2,
        lambda version: st.builds(observations.ReservationEnded, number=NUMBERS, status=ENDS(version)),
        only(NOTED),
    ),
    Case(
        "list version",
        V16,
        only(st.just(v2.GetLocalListVersionRequest())),
        only(st.builds(v2.GetLocalListVersionResponse, version_number=st.integers(-1, 2**31 - 1))),
    ),
    Case(
        "list in 1.6",
        V16,
        listed,
        status(v2.SendLocalListResponse, v2.SendLocalListStatus),
        frozenset({"local_authorization_list.id_token.type"}),
    ),
    Case("list", V2, listed, status(v2.SendLocalListResponse, v2.SendLocalListStatus)),
]


def tree(thing: Any) -> Any:
    """What a word is made of, for comparison: fields by name, and the kind of word."""
    if isinstance(thing, msgspec.Struct):
        inner = {name: tree(getattr(thing, name)) for name in thing.__struct_fields__}
        return {"kind": type(thing).__name__, **inner}
    if is_dataclass(thing):
        inner = {one.name: tree(getattr(thing, one.name)) for one in fields(thing)}
        return {"kind": type(thing).__name__, **inner}
    if isinstance(thing, SampledValue):
        return {name: tree(one) for name, one in thing._asdict().items()}
    if isinstance(thing, list | tuple):
        return [tree(one) for one in thing]
    return str(thing) if isinstance(thing, str) else thing


def without(thing: Any, path: list[str]) -> None:
    """Take a dropped field out of a tree, in every line of a list."""
    if isinstance(thing, list):
        for one in thing:
            without(one, path)
    elif isinstance(thing, dict) and path[0] in thing:
        if len(path) == 1:
            del thing[path[0]]
        else:
            without(thing[path[0]], path[1:])

"""What an API client is told when something goes wrong: problem documents (RFC 9457), from one table.

`PROBLEMS` maps errors to status, code and title; `respond` is the only place where an exception becomes an
answer. A problem's `code` is for programs, its `detail` for people: what is wrong, and the next step where
there is one. `field` names the offending field of the body or the parameter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from traceback import format_exception
from typing import Any, NamedTuple, cast

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, SerializationException, ValidationException
from msgspec import UNSET, Struct, UnsetType

from amperanto.api.vocabulary import words
from amperanto.csms.errors import (
    ActionUnknown,
    CannotResume,
    NoFreeSlot,
    NotSpoken,
    PayloadRefused,
    StationBusy,
    StationError,
    StationNotAccepted,
    StationOffline,
    StationSilent,
    StationUnknown,
)
from amperanto.csms.records import BadCursor, LastKey, UnknownKey
from amperanto.csms.registry import AlreadyThere, ConflictError, NotDurable, NotInInbox, PasswordNeeded
from amperanto.domain.errors import (
    BadCode,
    CurrencyChanges,
    FigureNeeded,
    LimitNotSupported,
    NotBillable,
    NothingToCorrect,
    PaymentOver,
    PaymentRefused,
    ReservationOver,
    ReviewOver,
    SecretNotKept,
    SiteInUse,
    TariffExists,
    TariffInUse,
    TokenNotAccepted,
    TransactionOver,
    TriggerNotAllowed,
    UnknownAssignment,
    UnknownGroup,
    UnknownMeterKey,
    UnknownPayment,
    UnknownRecord,
    UnknownRemoteStart,
    UnknownReservation,
    UnknownReview,
    UnknownRollout,
    UnknownSite,
    UnknownTariff,
    UnknownTemplate,
    UnknownTimeZone,
    UnknownToken,
    UnknownTransaction,
    UnknownWish,
    WrongProfile,
)
from amperanto.ocpp.errors import CallRefused, CallTimedOut

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = 5  # seconds until a database that is gone is worth another try
_log = structlog.get_logger(__name__)


class Problem(Struct, kw_only=True, omit_defaults=True):
    """What went wrong (RFC 9457). `code` is stable; `field` names a bad field."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    field: str | UnsetType = UNSET
    ocpp_code: str | UnsetType = UNSET
    ocpp_description: str | UnsetType = UNSET
    ocpp_details: Any = UNSET


class BadField(Exception):
    """A value of the request that cannot be accepted."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.field = field


class BadBody(Exception):
    """A body that is not of the type it should be; its cause says how."""

    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.kind = kind


class UnknownAction(Exception):
    """OCPP has no such request to a station."""


class BodyTooLarge(Exception):
    """The body is larger than this operation takes."""


class NotAllowed(Exception):
    """The key lacks the scope."""


class Kind(NamedTuple):
    """How one kind of problem is told."""

    status: int
    code: str
    title: str


BAD_FIELD = Kind(400, "bad_field", "A field or parameter has a wrong value")
BAD_JSON = Kind(400, "bad_json", "The body is not the JSON it should be")
BAD_REQUEST = Kind(400, "bad_request", "The request cannot be understood")
NO_KEY = Kind(401, "no_key", "No valid API key")
NOT_FOUND = Kind(404, "not_found", "There is nothing at this address")
WRONG_METHOD = Kind(405, "wrong_method", "This address does not do that")
UNKNOWN_ACTION = Kind(404, "unknown_action", "No such action")
TOO_LARGE = Kind(413, "too_large", "The body is too large")
FAILED = Kind(500, "failed", "The server failed")

PROBLEMS: dict[type[Exception], Kind] = {
    BadField: BAD_FIELD,
    BadCursor: BAD_FIELD,
    SerializationException: BAD_JSON,
    msgspec.DecodeError: BAD_JSON,
    RecursionError: BAD_JSON,
    NotAllowed: Kind(403, "not_allowed", "The API key may not do this"),
    StationUnknown: Kind(404, "unknown_station", "No such station"),
    UnknownAction: UNKNOWN_ACTION,
    ActionUnknown: UNKNOWN_ACTION,
    PayloadRefused: BAD_JSON,
    BodyTooLarge: TOO_LARGE,
    UnknownToken: Kind(404, "unknown_token", "No such token"),
    UnknownTransaction: Kind(404, "unknown_transaction", "No such transaction"),
    LimitNotSupported: Kind(409, "limit_not_supported", "The station cannot keep to such a limit"),
    UnknownReview: Kind(404, "unknown_review", "No such review"),
    ReviewOver: Kind(409, "review_over", "The review was settled already"),
    FigureNeeded: Kind(400, "bad_field", "A field or parameter has a wrong value"),
    UnknownReservation: Kind(404, "unknown_reservation", "No such reservation"),
    UnknownRemoteStart: Kind(404, "unknown_remote_start", "No such remote start"),
    WrongProfile: Kind(400, "wrong_profile", "The charging profile cannot go with a remote start"),
    TriggerNotAllowed: Kind(409, "trigger_not_allowed", "That message must not be asked for now"),
    TransactionOver: Kind(409, "transaction_over", "The transaction ended already"),
    ReservationOver: Kind(409, "reservation_over", "The reservation ended already"),
    TokenNotAccepted: Kind(409, "token_not_accepted", "The token may not charge"),
    UnknownTariff: Kind(404, "unknown_tariff", "No such tariff"),
    UnknownAssignment: Kind(404, "unknown_assignment", "No tariff is assigned there"),
    TariffExists: Kind(409, "exists", "It exists already"),
    CurrencyChanges: Kind(409, "currency_changes", "A charge keeps its currency"),
    TariffInUse: Kind(409, "tariff_in_use", "The tariff is in use"),
    UnknownRecord: Kind(404, "unknown_charge_record", "No such charge record"),
    NotBillable: Kind(409, "not_billable", "The transaction cannot be billed now"),
    NothingToCorrect: Kind(409, "nothing_to_correct", "There is nothing to correct"),
    UnknownPayment: Kind(404, "unknown_payment", "No such payment"),
    PaymentOver: Kind(409, "payment_over", "The payment ended already, or others settle it"),
    PaymentRefused: Kind(409, "payment_refused", "No money can be held"),
    BadCode: Kind(403, "bad_code", "The code of the QR address is not that of now"),
    UnknownTemplate: Kind(404, "unknown_template", "No such template"),
    UnknownRollout: Kind(404, "unknown_rollout", "No such rollout"),
    UnknownMeterKey: Kind(404, "unknown_meter_key", "No key is registered for that meter"),
    UnknownWish: Kind(404, "unknown_wish", "Nothing of that id waits"),
    SecretNotKept: Kind(409, "secret_not_kept", "A secret is never kept"),
    UnknownSite: Kind(404, "unknown_site", "No such site"),
    SiteInUse: Kind(409, "site_in_use", "Stations stand at the site"),
    UnknownGroup: Kind(404, "unknown_group", "Nothing was said of this group"),
    UnknownTimeZone: BAD_FIELD,
    UnknownKey: Kind(404, "unknown_key", "No such API key"),
    NotInInbox: Kind(404, "not_in_inbox", "No such station in the inbox"),
    AlreadyThere: Kind(409, "exists", "It exists already"),
    StationOffline: Kind(409, "station_offline", "The station is not connected"),
    StationNotAccepted: Kind(409, "station_not_accepted", "The station's boot was not accepted"),
    NotSpoken: Kind(409, "not_spoken", "The station's OCPP version cannot say this"),
    ConflictError: Kind(409, "conflict", "Somebody else changed it at the same time"),
    PasswordNeeded: Kind(409, "password_needed", "The security profile needs a password"),
    LastKey: Kind(409, "last_key", "The last administrator's key must stay"),
    StationBusy: Kind(429, "queue_full", "Too many requests wait for this station"),
    CallRefused: Kind(502, "station_refused", "The station answered with an error"),
    NotDurable: Kind(503, "not_durable", "Nothing can be stored or read now"),
    StationSilent: Kind(504, "no_answer", "The station did not answer in time"),
    CallTimedOut: Kind(504, "no_answer", "The station did not answer in time"),
    CannotResume: Kind(409, "cannot_resume", "The station does not resume transactions"),
    NoFreeSlot: Kind(409, "no_free_slot", "No network profile may be written"),
    StationError: Kind(409, "station_error", "The station cannot do this"),
}
ALL_KINDS = sorted(
    {BAD_REQUEST, NO_KEY, NOT_FOUND, WRONG_METHOD, TOO_LARGE, FAILED, *PROBLEMS.values()},
    key=lambda kind: kind[:2],
)
_BY_STATUS = {kind.status: kind for kind in (BAD_REQUEST, NO_KEY, NOT_FOUND, WRONG_METHOD, TOO_LARGE)}
_WITH_PATH = re.compile(r"^(?P<what>.*?)(?: - at `(?P<path>[^`]*)`)?$", re.DOTALL)
_NAMED = re.compile(r"(?:unknown|required) field `(?P<name>[^`]*)`")
_WHOLE_BODY = "data"


def problem(kind: Kind, detail: str, *, field: str | None = None) -> Problem:
    """A problem of this kind."""
    return Problem(
        type=f"/docs#{kind.code}",
        title=kind.title,
        status=kind.status,
        detail=detail,
        code=kind.code,
        field=UNSET if field is None else field,
    )


def encoded(told: Problem) -> bytes:
    """The problem document."""
    return msgspec.json.encode(told)


def respond(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer an exception with its problem document."""
    told = told_and_logged(error, cast("dict[str, Any]", request.scope))
    headers = dict(getattr(error, "headers", None) or {}) | headers_of(told)
    return Response(encoded(told), status_code=told.status, media_type=MEDIA_TYPE, headers=headers)


def headers_of(told: Problem) -> dict[str, str]:
    """What the status says in headers, too (RFC 9110 §10.2.3, §11.6.1)."""
    if told.status == NO_KEY.status:
        return {"www-authenticate": "Bearer"}
    return {"retry-after": str(RETRY_AFTER)} if told.status == HTTPStatus.SERVICE_UNAVAILABLE else {}


def told_and_logged(error: Exception, scope: Mapping[str, Any]) -> Problem:
    """What to tell about an exception in this request; a failure of ours is logged."""
    told = problem_of(error, scope.get("route_handler"))
    if isinstance(error, NotDurable):
        _log.warning("the database does not answer", path=scope["path"], why=str(error))
    if told.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        # Not `exc_info`: a renderer may show local variables, and those hold keys and passwords.
        trace = "".join(format_exception(error))
        _log.error("a request failed", method=scope["method"], path=scope["path"], traceback=trace)
    return told


def problem_of(error: Exception, handler: Any = None) -> Problem:
    """What to tell about an exception in this operation."""
    match error:
        case BadBody():
            return _invalid(str(error.__cause__), error.kind)
        case msgspec.ValidationError():
            return _invalid(str(error), None)
        case ValidationException():
            return _invalid_parameters(error, handler)
        case CallRefused():
            return _refused(error)
        case BadField():
            return problem(BAD_FIELD, str(error), field=error.field)
        case BadCursor():
            return problem(BAD_FIELD, str(error), field=error.field)
        case UnknownTimeZone():
            return problem(BAD_FIELD, str(error), field="time_zone")
        case RecursionError():
            return problem(BAD_JSON, "the JSON is nested too deeply")
        case NotDurable():
            return problem(PROBLEMS[NotDurable], "the database does not answer now; try again in some seconds")
        case HTTPException():
            return _http(error)
        case _:
            return _tabled(error)


def _tabled(error: Exception) -> Problem:
    for kind in type(error).__mro__:
        if kind in PROBLEMS:
            return problem(PROBLEMS[kind], str(error) or PROBLEMS[kind].title)
    return problem(FAILED, "the server failed; its log says why")


def _http(error: HTTPException) -> Problem:
    if error.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
        return problem(FAILED, "the server failed; its log says why")
    if isinstance(error.__cause__, SerializationException):
        return problem(BAD_JSON, f"the body cannot be read as JSON: {error.detail}")
    kind = _BY_STATUS.get(error.status_code, BAD_REQUEST)
    if kind is NOT_FOUND:
        return problem(kind, "there is nothing at this address; see /docs for what is where")
    return problem(kind._replace(status=error.status_code), error.detail or kind.title)


def _refused(error: CallRefused) -> Problem:
    told = problem(PROBLEMS[CallRefused], f"the station answered {error}")
    return msgspec.structs.replace(
        told, ocpp_code=error.written, ocpp_description=error.description, ocpp_details=error.details
    )


def _invalid(text: str, kind: Any) -> Problem:
    """A body that msgspec refused: `what - at `$.path``."""
    found = _WITH_PATH.match(text)
    assert found is not None  # the pattern matches every text
    return _field(found["what"], (found["path"] or "$").removeprefix("$").removeprefix("."), kind)


def _invalid_parameters(error: ValidationException, handler: Any) -> Problem:
    """What Litestar found wrong with the body or a parameter: the first of it."""
    extra = cast("list[dict[str, str]]", error.extra if isinstance(error.extra, list) else [])
    if not extra:
        return problem(BAD_REQUEST, error.detail)
    key, what = extra[0].get("key", ""), extra[0].get("message", "")
    if key == _WHOLE_BODY and what == f"'{_WHOLE_BODY}'":
        return problem(BAD_JSON, "the body is empty; it must be a JSON object")
    parameters = getattr(getattr(handler, "parsed_fn_signature", None), "parameters", {})
    if key in parameters and key != _WHOLE_BODY:
        parameter = parameters[key]
        return _field(what, parameter.kwarg_definition.name or key, parameter.annotation, whole=True)
    body = parameters.get(_WHOLE_BODY)
    return _field(what, "" if key == _WHOLE_BODY else key, None if body is None else body.annotation)


def _field(what: str, path: str, kind: Any, *, whole: bool = False) -> Problem:
    """What is wrong at this path of a body of this kind; `whole`: the kind is the field's own."""
    known = words(kind, "" if whole else path) if what.startswith("Invalid enum value") else []
    if known:
        what = f"{what}; it takes {', '.join(known)}"
    named = _NAMED.search(what)
    if named is not None:
        path = f"{path}.{named['name']}" if path else named["name"]
        what = "there is no such field" if "unknown" in what else "it is required"
    if not path:
        return problem(BAD_JSON, f"the body is wrong: {what}")
    return problem(BAD_FIELD, f"{path}: {what}", field=path)

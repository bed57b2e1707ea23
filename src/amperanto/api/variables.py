"""The variables of a station (B05-B08; 1.6's configuration keys): what is known, reported, set, and wanted.

A variable is named on one line (`TxCtrlr.EVConnectionTimeOut`, `EVSE@1.Available`) or by its parts. Values for a
station that is not there wait until it takes them or they expire; `/variables/wanted` tells what became of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET, Meta, Struct, UnsetType

from amperanto.api.access import needs
from amperanto.api.desk import Desk
from amperanto.api.parameters import decoded
from amperanto.api.problems import BadField
from amperanto.api.representation import Cursor, Instant, Limit, cursor_for, cursor_from
from amperanto.api.wanted import until as latest
from amperanto.csms.desired_state import VARIABLE, Wish, WishState
from amperanto.csms.device_model import NOT_SENT, SetResult
from amperanto.csms.reports import REPORT_WITHIN
from amperanto.domain.device_model import ACTUAL, KnownVariable, Mutability, VariableRef, WantedValue, written
from amperanto.domain.errors import BadVariable
from amperanto.domain.stations import EvseRef, Station
from amperanto.ocpp import v2

LONGEST_REPORT = 600.0
MOST = 500
"""Values in one request."""
WAITING = "Waiting"

Name = Annotated[str, Meta(min_length=1, max_length=50)]
Number = Annotated[int, Meta(ge=0, le=1_000_000)]
Attribute = Annotated[v2.Attribute, Meta(description="Actual, unless said otherwise")]
Value = Annotated[str, Meta(max_length=2500, description="every value is a text in OCPP: `300`, `true`, `A,B`")]
Within = Annotated[
    float, QueryParameter(gt=0, le=LONGEST_REPORT, description="seconds until all parts of the report must have come")
]


class NameView(Struct, kw_only=True):
    """Which attribute of which variable; `name` is all of it but the attribute on one line."""

    name: str
    component: str
    component_instance: str | None
    evse: int | None
    connector: int | None
    variable: str
    instance: str | None
    attribute: str


class VariableView(NameView, kw_only=True):
    """What is known of one attribute of one variable. A secret has no value here."""

    value: str | None
    mutability: Mutability
    persistent: bool
    constant: bool
    data_type: str | None
    unit: str | None
    min_limit: float | None
    max_limit: float | None
    max_elements: int | None
    values_list: str | None
    seen_at: Instant
    source: Annotated[str, Meta(description="how it is known: report, read, or set")]
    by: Annotated[str | None, Meta(description="whose key set it")]
    reboot_required: Annotated[bool, Meta(description="a value was set that holds after the next boot")]
    pending: Annotated[str | None, Meta(description="that value")]


class VariablePage(Struct, kw_only=True):
    """Some of a station's variables, by name."""

    items: list[VariableView]
    next: str | None


class ChangeView(Struct, kw_only=True):
    """A value that was another before."""

    name: str
    attribute: str
    at: Instant
    before: str | None
    after: str | None
    source: str
    by: str | None


class ChangePage(Struct, kw_only=True):
    """Some changes, the latest first."""

    items: list[ChangeView]
    next: str | None


class GivenValue(Struct, kw_only=True, forbid_unknown_fields=True):
    """A value to set. The variable is named by `name`, or by `component` and `variable` and what else they need."""

    value: Value
    name: Annotated[str, Meta(min_length=1, max_length=300)] | UnsetType = UNSET
    component: Name | UnsetType = UNSET
    component_instance: Name | UnsetType = UNSET
    evse: Number | UnsetType = UNSET
    connector: Number | UnsetType = UNSET
    variable: Name | UnsetType = UNSET
    instance: Name | UnsetType = UNSET
    attribute: Attribute | UnsetType = UNSET


class VariableSettings(Struct, kw_only=True, forbid_unknown_fields=True):
    """Values to set, each attribute once; until `expires_at` (or for 30 days) where the station is not there."""

    values: Annotated[list[GivenValue], Meta(min_length=1, max_length=MOST)]
    expires_at: datetime | UnsetType = UNSET


class ResultView(NameView, kw_only=True):
    """What became of one value: OCPP's status, or `Waiting`, `NotSent`, `NoAnswer`, `Refused`, `NotSpoken`."""

    status: str
    info: str | None
    read: Annotated[str | None, Meta(description="what the station has now, read back")]
    confirmed: Annotated[bool | None, Meta(description="whether that is what was set")]
    wish: Annotated[str | None, Meta(description="the id under which it waits")]


class ResultPage(Struct, kw_only=True):
    """What became of each value, in the order given."""

    items: list[ResultView]
    next: None = None


class WishView(NameView, kw_only=True):
    """A value that was wanted, and what became of it."""

    id: str
    value: str
    state: WishState
    result: Annotated[str | None, Meta(description="what the station, or the way to it, said last")]
    attempts: int
    wanted_at: Instant
    wanted_by: str
    expires_at: Instant
    settled_at: Instant | None


class WishPage(Struct, kw_only=True):
    """Some of what was wanted, the latest first."""

    items: list[WishView]
    next: str | None


class ReportTarget(Struct, kw_only=True, forbid_unknown_fields=True):
    """What to report; what is left out means any."""

    component: Name
    component_instance: Name | UnsetType = UNSET
    evse: Number | UnsetType = UNSET
    connector: Number | UnsetType = UNSET
    variable: Name | UnsetType = UNSET
    instance: Name | UnsetType = UNSET


class ReportWanted(Struct, kw_only=True, forbid_unknown_fields=True):
    """A base report (FullInventory, or the next best it knows), or one of chosen `variables` or `criteria`."""

    base: v2.ReportBase | UnsetType = UNSET
    criteria: Annotated[list[v2.ComponentCriterion], Meta(max_length=4)] | UnsetType = UNSET
    variables: Annotated[list[ReportTarget], Meta(max_length=MOST)] | UnsetType = UNSET


class ReportView(Struct, kw_only=True):
    """What became of a report; its variables are read at `/variables`."""

    status: Annotated[str, Meta(description="the station's word; `NoAnswer` where parts did not come in time")]
    base: Annotated[
        v2.ReportBase | None,
        Meta(description="what was reported: the next best, where the station does not know the one wanted"),
    ]
    info: str | None
    complete: bool
    parts: int
    missing: Annotated[list[int], Meta(description="the parts that did not come in time")]
    doubled: int
    variables: int


def name_of(ref: VariableRef, attribute: str) -> dict[str, Any]:
    """The fields of a NameView."""
    where = ref.where
    return {
        "name": str(ref),
        "component": ref.component,
        "component_instance": ref.component_instance,
        "evse": None if where is None else where.evse,
        "connector": None if where is None else where.connector,
        "variable": ref.variable,
        "instance": ref.variable_instance,
        "attribute": attribute,
    }


def wanted_values(given: list[GivenValue], field: str = "values") -> list[WantedValue]:
    """The values a client gave. Raises BadField for a variable that is named badly, or twice."""
    made: list[WantedValue] = []
    seen: set[str] = set()
    for index, one in enumerate(given):
        place = f"{field}[{index}]"
        ref, kind = _named(one, place)
        wanted = WantedValue(ref=ref, value=one.value, kind=kind)
        if wanted.key in seen:  # B05.FR.13
            raise BadField(place, f"{ref} is named twice")
        seen.add(wanted.key)
        made.append(wanted)
    return made


def _named(given: GivenValue, place: str) -> tuple[VariableRef, str]:
    parts = (given.component, given.component_instance, given.evse, given.connector, given.variable, given.instance)
    if given.name is not UNSET:
        if any(part is not UNSET for part in (*parts, given.attribute)):
            raise BadField(place, "name the variable by `name`, or by its parts, not both")
        try:
            return written(given.name)
        except BadVariable as error:
            raise BadField(f"{place}.name", str(error)) from error
    if given.component is UNSET or given.variable is UNSET:
        raise BadField(place, "name the variable by `name`, or by `component` and `variable`")
    where = _where(given.evse, given.connector, place)
    kind = ACTUAL if given.attribute is UNSET else str(given.attribute)
    of, instance = _said(given.component_instance), _said(given.instance)
    return VariableRef(given.component, given.variable, of, instance, where), kind


def _said(text: str | UnsetType) -> str | None:
    return None if text is UNSET else text


def _where(evse: int | UnsetType, connector: int | UnsetType, place: str) -> EvseRef | None:
    if evse is UNSET:
        if connector is not UNSET:
            raise BadField(f"{place}.connector", "say the `evse` it belongs to")
        return None
    return EvseRef(evse, None if connector is UNSET else connector)


def variable_view(known: KnownVariable, station: Station) -> VariableView:
    """What is known of an attribute."""
    told, about = known.attribute, known.characteristics
    waits = known.awaits_reboot(station.booted_at)
    return VariableView(
        **name_of(known.ref, told.kind),
        value=told.value,
        mutability=told.mutability,
        persistent=told.persistent,
        constant=told.constant,
        data_type=None if about is None else about.data_type,
        unit=None if about is None else about.unit,
        min_limit=None if about is None else about.min_limit,
        max_limit=None if about is None else about.max_limit,
        max_elements=None if about is None else about.max_elements,
        values_list=None if about is None else about.values_list,
        seen_at=known.seen_at,
        source=known.source,
        by=known.by,
        reboot_required=waits,
        pending=known.pending if waits else None,
    )


@get("/stations/{identity:str}/variables", guards=[needs("read")], tags=["Variables"])
async def list_variables(
    identity: FromPath[str],
    desk: NamedDependency[Desk],
    *,
    contains: Annotated[
        str | None, QueryParameter(max_length=255, description="parts of a name, as in `TxCtrlr.EV`")
    ] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> VariablePage:
    """What is known of the station's variables, by name; asks the station nothing."""
    station = await desk.registry.station(desk.who, decoded(identity))
    page = await desk.csms.device_model.known(
        desk.who.organisation, station.id, contains=contains, cursor=cursor_from(cursor), limit=limit
    )
    return VariablePage(items=[variable_view(one, station) for one in page.items], next=cursor_for(page.next))


@get("/stations/{identity:str}/variables/changes", guards=[needs("read")], tags=["Variables"])
async def list_variable_changes(
    identity: FromPath[str], desk: NamedDependency[Desk], *, limit: Limit = 100, cursor: Cursor = None
) -> ChangePage:
    """The values that changed, the latest first; the latest thousand are kept."""
    station = await desk.registry.station(desk.who, decoded(identity))
    page = await desk.csms.device_model.changes(
        desk.who.organisation, station.id, cursor=cursor_from(cursor), limit=limit
    )
    return ChangePage(
        items=[
            ChangeView(
                name=one.variable,
                attribute=one.attribute,
                at=one.at,
                before=one.before,
                after=one.after,
                source=one.source,
                by=one.by,
            )
            for one in page.items
        ],
        next=cursor_for(page.next),
    )


@post("/stations/{identity:str}/variables/report", guards=[needs("operate")], status_code=200, tags=["Variables"])
async def report_variables(
    identity: FromPath[str],
    data: JSONBody[ReportWanted],
    desk: NamedDependency[Desk],
    *,
    timeout: Within = REPORT_WITHIN,
) -> ReportView:
    """Ask the station for a report and wait until all of it came; what came is kept, also what comes too late."""
    station = await desk.registry.station(desk.who, decoded(identity))
    criteria = [] if data.criteria is UNSET else data.criteria
    targets = [] if data.variables is UNSET else data.variables
    chosen = bool(criteria or targets)
    if chosen and data.base is not UNSET:
        raise BadField("base", "ask for a base report, or for what you choose, not both")
    base = None if chosen else v2.ReportBase.FULL_INVENTORY if data.base is UNSET else data.base
    made = await desk.csms.reports.report(
        station,
        base=base,
        criteria=criteria,
        variables=[*_targets(targets)],
        timeout=timeout,
        next_best=data.base is UNSET,
    )
    return ReportView(
        status=made.status,
        base=made.base,
        info=made.info,
        complete=made.complete,
        parts=made.parts,
        missing=list(made.missing),
        doubled=made.doubled,
        variables=made.variables,
    )


def _targets(targets: Iterable[ReportTarget]) -> Iterable[v2.ComponentVariable]:
    for index, one in enumerate(targets):
        where = _where(one.evse, one.connector, f"variables[{index}]")
        if one.variable is UNSET and one.instance is not UNSET:
            raise BadField(f"variables[{index}].instance", "say the `variable` it belongs to")
        place = UNSET if where is None else v2.EVSE(id=where.evse, connector_id=v2.unless_none(where.connector))
        yield v2.ComponentVariable(
            component=v2.Component(name=one.component, instance=one.component_instance, evse=place),
            variable=UNSET if one.variable is UNSET else v2.Variable(name=one.variable, instance=one.instance),
        )


@put("/stations/{identity:str}/variables", guards=[needs("operate")], tags=["Variables"])
async def set_variables(
    identity: FromPath[str], data: JSONBody[VariableSettings], desk: NamedDependency[Desk]
) -> ResultPage:
    """Set variables and read them back; each has its own result. What cannot be sent now waits for the station.

    409 `secret_not_kept` for a secret of a station that is not there: secrets are sent, never kept.
    """
    station = await desk.registry.station(desk.who, decoded(identity))
    wanted = wanted_values(data.values)
    until = latest(data.expires_at, desk)
    if desk.csms.stations.online(station.id):
        results = await desk.csms.device_model.set_many(station, wanted, desk.who.name)
    else:
        results = [SetResult(wanted=one, status=NOT_SENT) for one in wanted]
    unsent = [one.wanted for one in results if one.status == NOT_SENT]
    nothing_sent = len(unsent) == len(wanted)
    waits = [one for one in unsent if nothing_sent or not one.ref.secret]
    wishes = await desk.csms.desired_state.want(desk.who, station, waits, until)
    waiting = {wish.subject_key: wish.id for wish in wishes}
    return ResultPage(items=[_result(one, waiting.get(one.wanted.key)) for one in results])


def _result(result: SetResult, wish: str | None) -> ResultView:
    return ResultView(
        **name_of(result.wanted.ref, result.wanted.kind),
        status=result.status if wish is None else WAITING,
        info=result.info,
        read=result.value,
        confirmed=result.confirmed,
        wish=wish,
    )


@get("/stations/{identity:str}/variables/wanted", guards=[needs("read")], tags=["Variables"])
async def list_wanted_variables(
    identity: FromPath[str], desk: NamedDependency[Desk], *, limit: Limit = 100, cursor: Cursor = None
) -> WishPage:
    """The values that waited for the station, or still do, and what became of each; the latest first."""
    station = await desk.registry.station(desk.who, decoded(identity))
    page = await desk.csms.desired_state.wishes(
        desk.who, station.id, kinds=(VARIABLE,), cursor=cursor_from(cursor), limit=limit
    )
    now = desk.csms.context.clock.now()
    return WishPage(items=[_wish(one, now) for one in page.items], next=cursor_for(page.next))


def _wish(wish: Wish, now: datetime) -> WishView:
    wanted = msgspec.json.decode(wish.body, type=WantedValue)
    return WishView(
        **name_of(wanted.ref, wanted.kind),
        id=wish.id,
        value=wanted.value,
        state=WishState.EXPIRED if wish.expired(now) else wish.state,
        result=wish.result,
        attempts=wish.attempts,
        wanted_at=wish.wanted_at,
        wanted_by=wish.wanted_by,
        expires_at=wish.expires_at,
        settled_at=wish.settled_at,
    )


@delete("/stations/{identity:str}/variables/wanted/{wish:str}", guards=[needs("operate")], tags=["Variables"])
async def withdraw_wanted_variable(identity: FromPath[str], wish: FromPath[str], desk: NamedDependency[Desk]) -> None:
    """Want it no more. 404 `unknown_wish` for one that does not wait."""
    station = await desk.registry.station(desk.who, decoded(identity))
    await desk.csms.desired_state.withdraw(desk.who, station.id, decoded(wish))

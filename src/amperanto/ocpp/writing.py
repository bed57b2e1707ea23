"""Making a message ready for the wire.

Instants leave as `YYYY-MM-DDTHH:MM:SS.mmmZ`, always UTC and always three decimals: stations fail on offsets,
on six decimals and on none. A field that 2.0.1 calls an integer and 2.1 a number leaves 2.0.1 without a
decimal point. customData is never touched. Most classes need nothing of this; their plan is None.
"""

from collections.abc import Callable
from functools import cache
from operator import is_
from typing import Any, cast

from msgspec import UNSET, inspect, structs

from amperanto.ocpp.instants import write_instant
from amperanto.ocpp.proof import rules_for
from amperanto.ocpp.shapes import Record
from amperanto.ocpp.versions import Version

__all__ = ["compile_finish"]

Finish = Callable[[Any], Any]


def write_integer(number: Any) -> Any:
    """A whole number without its decimal point; another is left for the check to refuse."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


@cache
def compile_finish(version: Version, kind: type[Record]) -> Finish | None:
    """What to do with a message of this class before encoding; None for nothing."""
    rules = rules_for(version, kind.__name__)
    steps: list[tuple[str, Finish]] = []
    for field in cast(inspect.StructType, inspect.type_info(kind)).fields:
        inner = field.type.item_type if isinstance(field.type, inspect.ListType) else field.type
        if isinstance(inner, inspect.DateTimeType):
            steps.append((field.name, write_instant))
        elif "integer" in rules.get(field.name, {}):
            steps.append((field.name, write_integer))
        elif isinstance(inner, inspect.StructType):
            step = compile_finish(version, inner.cls)
            if step is not None:
                steps.append((field.name, each_of(step) if inner is not field.type else step))
    if not steps:
        return None

    def finish(message: Any) -> Any:
        if not isinstance(message, kind):
            return message  # a wrong type: the check after encoding says so
        changes: dict[str, Any] = {}
        for name, step in steps:
            said = getattr(message, name)
            if said is not UNSET:
                ready = step(said)
                if ready is not said:
                    changes[name] = ready
        return structs.replace(message, **changes) if changes else message

    return finish


def each_of(step: Finish) -> Finish:
    """The same for every member of a list; the same list when nothing changes."""

    def finish(members: Any) -> Any:
        ready = [step(member) for member in members]
        return members if all(map(is_, ready, members)) else ready

    return finish

"""Which words a field takes: found by walking a type along the path of an error, to tell people what to
write.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec

_STEP = re.compile(r"[^.\[\]]+|\[[^\]]*\]")


def words(kind: Any, path: str) -> list[str]:
    """The words that the field at this path (`a.b[0].c`, as msgspec writes it) takes, if it is a vocabulary."""
    kinds = [kind]
    for step in _STEP.findall(path):
        kinds = [inner for one in kinds for inner in _inside(one, step)]
    return [word for one in kinds for option in _options(one) for word in _vocabulary(option)]


def _options(kind: Any) -> list[Any]:
    """The plain types a type may be: annotations and unions taken apart."""
    if get_origin(kind) is Annotated:
        return _options(get_args(kind)[0])
    if get_origin(kind) in (list, tuple, dict, Literal) or not get_args(kind):
        return [kind]
    return [option for one in get_args(kind) for option in _options(one)]


def _inside(kind: Any, step: str) -> list[Any]:
    found: list[Any] = []
    for option in _options(kind):
        if step.startswith("[") and get_args(option):
            found.append(get_args(option)[-1 if get_origin(option) is dict else 0])
        elif isinstance(option, type) and issubclass(option, msgspec.Struct):
            found += [field.type for field in msgspec.structs.fields(option) if field.encode_name == step]
    return found


def _vocabulary(kind: Any) -> list[str]:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [str(member.value) for member in kind]
    return [str(word) for word in get_args(kind)] if get_origin(kind) is Literal else []

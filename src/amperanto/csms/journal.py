"""The message log: every frame both ways, in the order the reader numbered them, secrets redacted (R7).

Also the memory of repeats (R1): the same message id *and* action *and* payload bytes from one station get the
same answer again, whatever socket they come by. The memory is bounded in number and time; what falls out of it is
recognised by content in the blocks. Boot, heartbeat and Authorize are always answered afresh:
an answer about the time or about access is never older than its question.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from typing import Any, cast

import msgspec

from amperanto.domain.stations import StationId
from amperanto.stores.message_log import LoggedMessage

REDACTED = "***"
NAMES_NO_SECRET = frozenset(
    {"TransactionEvent", "StartTransaction", "StopTransaction", "MeterValues", "StatusNotification", "Heartbeat"}
)
"""Actions whose schemas name no secret, nor anything that could be one by its neighbour's name; a test walks them."""
ALWAYS_AFRESH = frozenset({"BootNotification", "Heartbeat", "Authorize"})
REMEMBERED_FOR = 600.0  # seconds; longer than a station's retries of one message, shorter than a card is valid for
_SECRET_NAME = re.compile(r"authorizationkey|passw|passphrase|secret|simpin|psk|pwd|privatekey|apikey", re.IGNORECASE)
_USER_INFO = re.compile(r"://[^/\"\s@]*@")
_VALUE_FIELDS = ("value", "attributeValue", "actualValue", "data")
_NOTHING: dict[str, tuple[bytes, float, Any]] = {}


Frame = LoggedMessage
"""One frame as the log keeps it; `number` counts the frames of one connection, both ways."""


class Repeats:
    """The last answers of each station: of each message id the latest, at most `per_station`, for `seconds`.

    A station restarts its counter at boot, or uses one id for ever. So a boot forgets them all, and other content
    under an id the answer that went before: what comes then is news, however much it looks like an old message.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        *,
        per_station: int = 32,
        stations: int = 20_000,
        seconds: float = REMEMBERED_FOR,
    ) -> None:
        """`clock` is monotonic seconds."""
        self._clock = clock
        self._per_station = per_station
        self._stations = stations
        self._seconds = seconds
        self._answers: OrderedDict[StationId, dict[str, tuple[bytes, float, Any]]] = OrderedDict()

    def content(self, version: str, action: str, payload: bytes) -> bytes:
        """What makes a message the same message, besides its id. An answer in another version's words is none."""
        return blake2b(b"\0".join((version.encode(), action.encode(), payload)), digest_size=16).digest()

    def answer(self, station: StationId, message_id: str, content: bytes) -> Any | None:
        """The answer given before, or None."""
        kept = self._answers.get(station, _NOTHING).get(message_id)
        if kept is None or kept[0] != content or self._clock() - kept[1] > self._seconds:
            return None
        return kept[2]

    def remember(self, station: StationId, message_id: str, content: bytes, answer: Any) -> None:
        """Keep an answer that was given."""
        answers = self._answers.setdefault(station, {})
        self._answers.move_to_end(station)
        answers.pop(message_id, None)  # so that it goes to the end
        answers[message_id] = (content, self._clock(), answer)
        if len(answers) > self._per_station:
            del answers[next(iter(answers))]
        if len(self._answers) > self._stations:
            self._answers.popitem(last=False)

    def passed(self, station: StationId, message_id: str) -> None:
        """The id was used for something that is always answered afresh."""
        answers = self._answers.get(station)
        if answers is not None:
            answers.pop(message_id, None)

    def forget(self, station: StationId) -> None:
        """The station started anew."""
        self._answers.pop(station, None)


def is_plain(text: str, action: str, *, proved: bool) -> bool:
    """Whether the frame of a call holds no secret for sure, since it holds nothing but what its schema names."""
    return proved and action in NAMES_NO_SECRET and "@" not in text and "idToken" not in text  # that may be a code


def redacted(text: str) -> str:
    """The frame without secrets: values of keys and variables that hold one, passwords in addresses."""
    if not _suspicious(text):
        return text
    try:
        frame = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return f"<a frame of {len(text)} characters that is no JSON and may hold a secret>"
    try:
        return msgspec.json.encode(_cleaned(frame)).decode()
    except RecursionError:
        return f"<a frame of {len(text)} characters, too deep to clean of secrets>"


def _suspicious(text: str) -> bool:
    """A quick look, for every frame: plain searches are ten times faster here than one pattern."""
    lowered = text.lower()
    if "keycode" in lowered:
        return True
    if "pass" in lowered or "secret" in lowered or "key" in lowered or "psk" in lowered:
        return _SECRET_NAME.search(text) is not None or _has_user_info(text)
    if "simpin" in lowered or "pwd" in lowered:
        return True
    return _has_user_info(text)


def _has_user_info(text: str) -> bool:
    return "@" in text and _USER_INFO.search(text) is not None


def _cleaned(node: Any, holder: bool = False) -> Any:
    """The node without secrets. `holder`: it is a part of a key or variable that holds one."""
    if isinstance(node, dict):
        return _cleaned_object(cast(dict[str, Any], node), holder)
    if isinstance(node, list):
        return [_cleaned(item, holder) for item in cast(list[Any], node)]
    return _cleaned_text(node) if isinstance(node, str) else node


def _cleaned_text(text: str) -> str:
    """A text without secrets; DataTransfer carries whole JSON documents in one."""
    if text.lstrip()[:1] in ("{", "["):
        return redacted(text)
    return _USER_INFO.sub(f"://{REDACTED}@", text)


def _cleaned_object(node: dict[str, Any], holder: bool) -> dict[str, Any]:
    holder = holder or _names_secret(node)
    keyed = "password" in node  # a VPN's key beside its password (2.x)
    if str(node.get("type")).casefold() == "keycode" and "idToken" in node:
        node = {**node, "idToken": REDACTED}  # C04: a code somebody knows by heart
    return {
        name: REDACTED if _is_secret(name, value, holder) or (keyed and name == "key") else _cleaned(value, holder)
        for name, value in node.items()
    }


def _is_secret(name: str, value: Any, holder: bool) -> bool:
    """Whether this is the value of a key or variable that holds a secret, or a field named like one."""
    if not isinstance(value, (str, int, float)) or isinstance(value, bool):
        return False
    return _SECRET_NAME.search(name) is not None or (holder and name in _VALUE_FIELDS)


def _names_secret(node: dict[str, Any]) -> bool:
    """Whether this object is a key or a variable that holds a secret: `key`, or `variable.name`, says so."""
    names: list[Any] = [node.get("key")]
    variable = node.get("variable")
    if isinstance(variable, dict):
        names.append(cast(dict[str, Any], variable).get("name"))
    return any(isinstance(name, str) and _SECRET_NAME.search(name) for name in names)

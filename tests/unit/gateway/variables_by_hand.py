"""Stations typed by hand that know variables: they answer by a table, and not always as they should."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from amperanto.csms.access import Principal
from amperanto.domain.device_model import WantedValue, written
from amperanto.domain.stations import DEFAULT_ORGANISATION
from amperanto.ocpp import Version

AT = "2026-05-01T12:00:00.000Z"
OPERATOR = Principal(organisation=DEFAULT_ORGANISATION, name="operator", scopes=frozenset({"operate"}))
SILENCE = object()


class Hand:
    """A booted station whose CALLs are answered by `answers`: a payload, a function of it, an error code in a list."""

    def __init__(self, door: Any, line: Any) -> None:
        self.door = door
        self.line = line
        self.answers: dict[str, Any] = {}
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self._said: dict[str, asyncio.Future[Any]] = {}

    async def run(self) -> None:
        while True:
            frame = await self.line.hear()
            if frame[0] != 2:
                self._said[frame[1]].set_result(frame)
                continue
            _, name, action, payload = frame
            self.heard.append((action, payload))
            answer = self.answers.get(action, {"status": "Accepted"})
            if callable(answer):
                answer = answer(payload)
            if isinstance(answer, list):
                self.line.say(4, name, answer[0], "", {})
            elif answer is not SILENCE:
                self.line.say(3, name, answer)

    async def tell(self, name: str, action: str, payload: Any) -> Any:
        """Say a CALL; the answer's frame."""
        said = self._said[name] = asyncio.get_running_loop().create_future()
        self.line.say(2, name, action, payload)
        return await said

    def of(self, action: str) -> list[dict[str, Any]]:
        return [payload for heard, payload in self.heard if heard == action]


@asynccontextmanager
async def by_hand(door: Any, version: Version, station: Any = None, **changes: Any) -> AsyncIterator[tuple[Any, Hand]]:
    """A station as it is registered and its hand; it leaves at the end."""
    known = station or await door.station(**changes)
    line = await door.booted(known, version)
    hand = Hand(door, line)
    hand.answers.update(DEFAULTS)
    running = asyncio.create_task(hand.run())
    try:
        yield await door.store.stations.by_id(known.id), hand
    finally:
        running.cancel()
        line.cut()
        await asyncio.gather(running, return_exceptions=True)
        await line.serving


def wanted(**values: str) -> list[WantedValue]:
    """Values by `Component__Variable`."""
    return [named(name.replace("__", ".", 1), value) for name, value in values.items()]


def named(name: str, value: str) -> WantedValue:
    ref, kind = written(name)
    return WantedValue(ref=ref, value=value, kind=kind)


def line_of(name: str, value: str | None, **attribute: Any) -> dict[str, Any]:
    """One line of a NotifyReport."""
    component, variable = name.split(".", 1)
    told = {"mutability": "ReadWrite", **({} if value is None else {"value": value}), **attribute}
    return {
        "component": {"name": component},
        "variable": {"name": variable},
        "variableAttribute": [told],
    }


def part_of(request: int, number: int, lines: list[Any], *, more: bool) -> dict[str, Any]:
    """A NotifyReport."""
    told = {"requestId": request, "generatedAt": AT, "seqNo": number, "reportData": lines}
    return {**told, "tbc": True} if more else told


def results_of(statuses: dict[str, Any]) -> Callable[[Any], Any]:
    """SetVariables answered by variable name; Accepted unless named."""

    def answer(payload: Any) -> Any:
        return {
            "setVariableResult": [
                {
                    "attributeStatus": statuses.get(line["variable"]["name"], "Accepted"),
                    **{name: line[name] for name in ("component", "variable", "attributeType") if name in line},
                }
                for line in payload["setVariableData"]
            ]
        }

    return answer


def values_of(values: dict[str, str]) -> Callable[[Any], Any]:
    """GetVariables answered by `Variable` or `Variable[instance]`; UnknownVariable unless named."""

    def answer(payload: Any) -> Any:
        made: list[Any] = []
        for line in payload["getVariableData"]:
            instance = line["variable"].get("instance")
            value = values.get(line["variable"]["name"] + (f"[{instance}]" if instance else ""))
            told = {"attributeStatus": "UnknownVariable"}
            if value is not None:
                told = {"attributeStatus": "Accepted", "attributeValue": value}
            made.append({**told, "component": line["component"], "variable": line["variable"]})
        return {"getVariableResult": made}

    return answer


def keys_of(keys: dict[str, Any]) -> Callable[[Any], Any]:
    """GetConfiguration as a sloppy station answers it: every key, whatever was asked."""
    listed = [{"key": key, "readonly": False, "value": value} for key, value in keys.items()]
    return lambda _: {"configurationKey": json.loads(json.dumps(listed))}


DEFAULTS: dict[str, Any] = {
    "SetVariables": results_of({}),
    "GetVariables": values_of({}),
    "GetBaseReport": {"status": "EmptyResultSet"},
}


async def until(held: Callable[[], bool]) -> None:
    """Let everybody else go on until it holds."""
    async with asyncio.timeout(5):
        while not held():
            await asyncio.sleep(0)


async def known_values(door: Any, station: Any) -> dict[str, str | None]:
    page = await door.csms.device_model.known(station.organisation, station.id, limit=1000)
    return {str(one.ref): one.attribute.value for one in page.items}

"""The demo in a terminal: a picture that is drawn again and again, or plain lines where nobody watches.

A view reads the scene several times a second and changes nothing in it. The picture is drawn for the terminal's
size: it always has as many lines as at the beginning, so that nothing jumps, and what is too wide is left out
whole instead of being cut.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from rich.cells import cell_len
from rich.console import Console, Group
from rich.live import Live
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from amperanto.cli.output import amount
from amperanto.cli.scene import Place, Scene

TICK = 0.2
BAR = 12
REFERENCE = 36
"""How wide a station's own name for a transaction is in 2.x."""
TABLE_WIDTH = 75
"""What the other columns take, with what stands between them."""
WITH_METER, WITH_NAME, ALL = 90, 140, 1000
"""Columns from which on an ended charge is told with its meter, with its name, whatever it takes."""
MOST_FRAMES, MOST_ENDED = 12, 4
FIXED_LINES = 10
"""Lines of the picture beside frames, ended charges and hints."""
STATE_STYLES = {
    "Available": "green",
    "Preparing": "yellow",
    "Charging": "bold cyan",
    "Finishing": "yellow",
    "SuspendedEV": "yellow",
    "SuspendedEVSE": "yellow",
    "Unavailable": "dim",
    "Faulted": "red",
}


async def live(scene: Scene, console: Console) -> None:
    """Draw the scene until cancelled."""
    with Live(console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False) as screen:
        while True:
            screen.update(picture(scene, console.size.width, console.size.height), refresh=True)
            await asyncio.sleep(TICK)


async def plain(scene: Scene, say: Callable[[str], None]) -> None:
    """Say what changes, a line each, until cancelled."""
    states: dict[str, str] = {}
    told = 0
    while True:
        for place in scene.places:
            state = _state(place)
            if states.get(place.identity) != state:
                states[place.identity] = state
                say(f"{_time(scene.clock.now())}  {place.identity:<6}  {state}")
        for one in scene.charges[told:]:
            say(ended(one))
        told = len(scene.charges)
        await asyncio.sleep(TICK)


def ended(charge: dict[str, Any], width: int = ALL) -> str:
    """One ended charge as a line, with as much of the story as a terminal so wide has room for."""
    started, stopped = (datetime.fromisoformat(charge[name]) for name in ("started_at", "ended_at"))
    took = _duration((stopped - started).total_seconds())
    parts = [f"{_time(stopped)}  {charge['station']:<6}  {charge['energy_wh'] / 1000:.3f} kWh in {took}"]
    if charge["held"]:
        parts.append(f"not billed: {', '.join(charge['findings'][:1])}")
    elif charge["cost"]:
        parts.append(_money(charge["cost"]))
    if width >= WITH_METER:
        parts.append(f"meter {charge['meter_start_wh'] / 1000:.3f} to {charge['meter_stop_wh'] / 1000:.3f} kWh")
    if width >= WITH_NAME:
        parts.append(f"transaction {charge['transaction_id']}")
    return ", ".join(parts)


def picture(scene: Scene, width: int, height: int) -> Group:
    """The whole scene, for a terminal of so many columns and lines."""
    header = Text.assemble(
        ("Amperanto", "bold"),
        f"  three stations, one node; time runs {scene.clock.factor:g} times as fast  ",
        (scene.clock.now().astimezone().strftime("%a %H:%M"), "bold"),
    )
    hints = [Text(hint, style="dim") for hint in scene.hints]
    wrapped = sum(-(-cell_len(hint) // width) for hint in scene.hints)
    room = max(height - FIXED_LINES - wrapped - 1, 2)
    told = max(1, min(MOST_ENDED, max(room - MOST_FRAMES, room // 3)))
    last = [
        Text(ended(one, width), style="yellow" if one["held"] else "green", no_wrap=True, overflow="ellipsis")
        for one in scene.charges[-told:]
    ]
    return Group(
        header,
        Text(),
        _table(scene, width),
        Text(),
        Rule("frames   → from a station   ← to it", style="dim", align="left"),
        *_filled(list(scene.frames), min(MOST_FRAMES, room - told)),
        Rule(total(scene), style="dim", align="left"),
        *_filled(last, told),
        Text(),
        *hints,
    )


def _filled(lines: list[Text], count: int) -> list[Text]:
    """The last so many lines, and empty ones for those that are still to come."""
    shown = lines[-count:]
    return [*shown, *(Text() for _ in range(count - len(shown)))]


def _table(scene: Scene, width: int) -> Table:
    """The stations; the name of a transaction where there is room for a whole one."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold dim", expand=False)
    for name, least in (("station", 7), ("OCPP", 5), ("state", 13), ("battery", BAR + 8)):
        table.add_column(name, min_width=least, no_wrap=True)
    for name, least in (("power", 8), ("energy", 10)):
        table.add_column(name, min_width=least, justify="right", no_wrap=True)
    if width >= TABLE_WIDTH + REFERENCE:
        table.add_column("transaction", min_width=REFERENCE, no_wrap=True)
    for place in scene.places:
        table.add_row(*_row(place)[: len(table.columns)])
    return table


def _row(place: Place) -> list[Text]:
    state = _state(place)
    row = [
        Text(place.identity, style="bold"),
        Text(place.version.value),
        Text(state, style=STATE_STYLES.get(state, "dim")),
    ]
    evse = place.evse
    if evse is None or evse.outlet.state_of_charge is None:
        return row
    share = float(evse.outlet.state_of_charge)
    filled = round(share / 100 * BAR)
    battery = Text.assemble(("█" * filled, "green"), ("░" * (BAR - filled), "dim"), f" {share:5.1f} %")
    power = Text(f"{float(evse.outlet.power) / 1000:.1f} kW")
    transaction = evse.transaction
    if transaction is None:
        return [*row, battery, power]
    energy = Text(f"{float(evse.meter - transaction.meter_start) / 1000:.3f} kWh", style="bold")
    return [*row, battery, power, energy, Text(transaction.reference or "…", style="dim")]


def _state(place: Place) -> str:
    if place.station is None or not place.station.line.up:
        return "not connected"
    if not place.station.online:
        return "boots"
    evse = place.evse
    return "" if evse is None else evse.state


def total(scene: Scene) -> str:
    """What the node has billed, and how much of it waits for a person."""
    billed = [one for one in scene.charges if one["cost"]]
    held = sum(one["held"] for one in scene.charges)
    energy = sum(one["energy_wh"] for one in billed)
    words = f"charges billed: {len(billed)}, {energy / 1000:.3f} kWh"
    if billed:
        cost = sum(Decimal(str(one["cost"]["gross"])) for one in billed)
        words += f", {_money({'gross': cost, 'currency': billed[0]['cost']['currency']})}"
    return f"{words}{f', {held} held' if held else ''} ({scene.price})"


def _money(cost: dict[str, Any]) -> str:
    return f"{amount(cost['gross'])} {cost['currency']}"


def _time(at: datetime) -> str:
    return at.astimezone().strftime("%H:%M:%S")


def _duration(seconds: float) -> str:
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"

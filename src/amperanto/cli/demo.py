"""`amperanto demo`: a whole node and three stations in this terminal, one of each OCPP version.

The stations are strangers to the node: they connect by its port, and what is told about their charges is read
back by REST. Their time runs faster than ours, and the node's wall clock with it, so that every time told
belongs to one story; it begins in the past, so that for long no time lies in the future. Waiting is real.
Data goes to a temporary directory, unless --data says where it is to stay.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import click
from rich.console import Console
from rich_click import RichCommand

from amperanto import app
from amperanto.cli import running, views
from amperanto.cli.failure import Failure
from amperanto.cli.interruption import until_interrupted
from amperanto.cli.output import print_json
from amperanto.cli.registrar import Registrar
from amperanto.cli.scene import BETWEEN_ARRIVALS, FIRST_ENERGY, Scene, places
from amperanto.settings import Settings
from amperanto.station import AcceleratedClock
from amperanto.station.dialing import dial

HERE = "127.0.0.1"
SPEED = 300.0
USUAL_POWER = 11_000
ONE_ROUND = float(FIRST_ENERGY) / USUAL_POWER * 3600 + 2 * BETWEEN_ARRIVALS + 600
"""About how many seconds, of the stations' time, three charges take."""
TARIFF = "demo"
PRICE: dict[str, Any] = {
    "currency": "EUR",
    "energy": {"prices": [{"price": 0.45}], "taxes": [{"type": "VAT", "tax": 21}]},
}
PRICE_IN_WORDS = "0.45 a kWh + 21 % VAT"
SLACK = 3.0
"""Real seconds it may take longer without its times coming to lie in the future."""
LAST_WORDS = 0.5
"""Real seconds for the last frames to pass and the last charge to be shown."""
BREAK = timedelta(minutes=5)
A_WEEK = timedelta(days=7).total_seconds()
PATIENCE = 60.0
"""Real seconds that --once allows beyond three times what it should take."""


class StoryTime:
    """The node's clock: wall time as the stations have it, waiting as it really is.

    Wall time stands still until the story begins: what is set up before belongs to its first instant.
    """

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._fast: AcceleratedClock | None = None
        self._real = app.SystemClock()

    def not_before(self, at: datetime) -> None:
        """Let the story begin at that time, or later."""
        self._start = max(self._start, at)

    def begin(self, speed: float) -> AcceleratedClock:
        """Let wall time run, so many times as fast as ours; the stations' clock."""
        self._fast = AcceleratedClock(speed, start=self._start)
        return self._fast

    def now(self) -> datetime:
        """The story's time, UTC."""
        return self._start if self._fast is None else self._fast.now()

    def monotonic(self) -> float:
        """Real seconds."""
        return self._real.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait real seconds."""
        await self._real.sleep(seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How the demo is wanted."""

    once: bool
    as_json: bool
    speed: float
    data: Path | None


@click.command(cls=RichCommand)
@click.option("--once", is_flag=True, help="End when a car has charged at each station.")
@click.option("--json", "as_json", is_flag=True, help="Print the charges as JSON; what happens goes to stderr.")
@click.option(
    "--speed",
    type=click.FloatRange(1, 100_000),
    default=SPEED,
    metavar="N",
    help="How much faster time runs.  [default: 300]",
)
@click.option(
    "--data",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep everything there.  [default: a directory that is removed at the end]",
)
def demo(*, once: bool, as_json: bool, speed: float, data: Path | None) -> None:
    """A CSMS and three stations in this terminal, cars charging.

    One station speaks OCPP 1.6, one 2.0.1, one 2.1. Each charge is billed by a tariff; one is told with a figure
    that cannot be true, and waits for a person instead. With --once the exit code is 0 when a car has charged at
    each station and was billed. Ctrl-C ends it.
    """
    wish = Wish(once=once, as_json=as_json, speed=speed, data=data)
    if data is not None:
        _demo(wish, running.settings_of({"data": data, "ocpp_host": HERE, "http_host": HERE}))
        return
    with TemporaryDirectory(prefix="amperanto-demo-", ignore_cleanup_errors=True) as directory:
        _demo(wish, Settings(data=Path(directory), ocpp_host=HERE, http_host=HERE))


def _demo(wish: Wish, settings: Settings) -> None:
    running.prepare(settings.data)
    with (settings.data / "demo.log").open("a", buffering=1) as log:
        running.log_to(log)
        asyncio.run(_played(wish, settings))


async def _played(wish: Wish, settings: Settings) -> None:
    back = ONE_ROUND + SLACK * wish.speed if wish.once else A_WEEK
    time = StoryTime(app.SystemClock().now() - timedelta(seconds=back))
    settings, notes = _with_free_ports(settings)
    node = await running.started(settings, clock=time)
    try:
        key = node.admin_key or (settings.data / running.KEY_FILE).read_text().strip()
        async with Registrar(f"http://{HERE}:{node.http_port}", key) as registrar:
            scene = Scene(places=places(), random=Random(), kept=registrar.kept, billed=registrar.billed)  # noqa: S311
            scene.price = PRICE_IN_WORDS
            scene.hints = [*notes, *_hints(node, settings, wish)]
            await _set_up(scene, node, registrar, time)
            scene.begin(time.begin(wish.speed))
            await until_interrupted(_staged(scene, wish))
    finally:
        await node.stop()
    _conclude(scene, wish)


def _with_free_ports(settings: Settings) -> tuple[Settings, list[str]]:
    """The settings with a free port in place of each that is taken, and what to say about it."""
    notes: list[str] = []
    for name in ("ocpp_port", "http_port"):
        trouble = running.trouble_with(HERE, getattr(settings, name))
        if trouble is not None:
            notes.append(f"{trouble.text}, so the demo took a free one.")
            settings = replace(settings, **{name: 0})
    return settings, notes


def _hints(node: app.Node, settings: Settings, wish: Wish) -> list[str]:
    """What to try while it runs. A temporary directory learns the ports: commands find the node by them."""
    if wish.data is None:
        ports = f"ocpp_port = {node.ocpp_port}\nhttp_port = {node.http_port}\n"
        (settings.data / "amperanto.toml").write_text(ports)
    where = f"--data {settings.data}"
    if wish.data is not None and node.http_port != settings.http_port:
        where += f" --url http://{HERE}:{node.http_port}"
    return [
        f"stations  ws://{HERE}:{node.ocpp_port}/IDENTITY   programs  http://{HERE}:{node.http_port}/docs",
        f"look on   {running.typed()} tail CP-201 {where}",
        f"doubts    {running.typed()} reviews list {where}",
        "end       Ctrl-C",
    ]


async def _set_up(scene: Scene, node: app.Node, registrar: Registrar, time: StoryTime) -> None:
    """Register and connect every station. Where a demo ran on this data before, this one takes up after it."""
    for place in scene.places:
        last = await registrar.last(place.identity)
        if last is not None:
            place.read_before(last)
            time.not_before(datetime.fromisoformat(last["ended_at"] or last["started_at"]) + BREAK)
        password = await registrar.let_in(place.identity, place.token)
        url = f"ws://{HERE}:{node.ocpp_port}/{place.identity}"
        place.dialled = await dial(url, (place.version,), password=password, on_frame=scene.listener(place))
    await registrar.price(TARIFF, PRICE, [place.identity for place in scene.places])


async def _staged(scene: Scene, wish: Wish) -> None:
    """Stations, cars and a view, until all is told or somebody ends it. Raises Failure."""
    lives = [asyncio.create_task(place.live()) for place in scene.places]
    view = asyncio.create_task(_view(scene, wish))
    stories = asyncio.create_task(scene.play(once=wish.once))
    limit = PATIENCE + 3 * ONE_ROUND / wish.speed if wish.once else None
    try:
        done, _ = await asyncio.wait({stories, view, *lives}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            raise Failure("The cars charge too slowly; try a smaller --speed.")
        for one in done:
            one.result()
    finally:
        stories.cancel()
        await asyncio.gather(stories, return_exceptions=True)
        await asyncio.sleep(LAST_WORDS)
        for place in scene.places:
            place.stop()
        view.cancel()
        await asyncio.gather(*lives, view, return_exceptions=True)


async def _view(scene: Scene, wish: Wish) -> None:
    console = Console(stderr=wish.as_json)
    if console.is_terminal and not console.is_dumb_terminal:
        await views.live(scene, console)
        return
    for hint in scene.hints:
        click.echo(hint, err=wish.as_json)
    await views.plain(scene, lambda text: click.echo(text, err=wish.as_json))


def _conclude(scene: Scene, wish: Wish) -> None:
    """Print the charges. Raises Failure where --once did not see three that ended with energy."""
    if wish.as_json:
        print_json(scene.charges)
    good = [one for one in scene.charges if one["energy_wh"] and one["state"] == "Ended" and one["cost"]]
    if wish.once and len(good) < len(scene.places):
        raise Failure(f"Only {len(good)} of {len(scene.places)} charges were billed; start the demo again.")
    if not wish.as_json:
        click.echo(views.total(scene))

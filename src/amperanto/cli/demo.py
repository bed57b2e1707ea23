"""`amperanto demo`: a whole node and three stations in this terminal, one of each OCPP version.

The stations are strangers to the node: they connect by its port, and what is told about their charges is read
back by REST. Their time runs faster than ours, and the node's wall clock with it, so that every time told belongs
to one story; it begins in the past, so that for long no time lies in the future. Waiting is real everywhere.
Data goes to a temporary directory, unless --data says where it is to stay.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import click
from rich.console import Console
from rich_click import RichCommand

from amperanto import app
from amperanto.cli import running, views
from amperanto.cli.failure import Failure
from amperanto.cli.interruption import until_interrupted
from amperanto.cli.output import print_json
from amperanto.cli.registrar import Registrar
from amperanto.cli.scene import BETWEEN_ARRIVALS, FIRST_ENERGY, Place, Scene, places
from amperanto.settings import Settings
from amperanto.station import AcceleratedClock, Fleet, Outlet, Station
from amperanto.station.dialing import dial

HERE = "127.0.0.1"
SPEED = 300.0
USUAL_POWER = 11_000
ONE_ROUND = float(FIRST_ENERGY) / USUAL_POWER * 3600 + 2 * BETWEEN_ARRIVALS + 600
"""About how many seconds, of the stations' time, three charges take."""
A_WEEK = timedelta(days=7).total_seconds()
PATIENCE = 60.0
"""Real seconds that --once allows beyond three times what it should take."""


class StoryTime:
    """The node's clock: wall time as the stations have it, waiting as it really is."""

    def __init__(self, fast: AcceleratedClock) -> None:
        self.fast = fast
        self._real = app.SystemClock()

    def now(self) -> datetime:
        """The story's time, UTC."""
        return self.fast.now()

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
@click.option(
    "--json", "as_json", is_flag=True, help="Print the charges as JSON; what happens goes to stderr."
)
@click.option(
    "--speed",
    type=click.FloatRange(1, 100_000),
    default=SPEED,
    show_default=True,
    metavar="N",
    help="How much faster time runs.",
)
@click.option(
    "--data",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep everything there.  [default: a directory that is removed at the end]",
)
def demo(*, once: bool, as_json: bool, speed: float, data: Path | None) -> None:
    """A CSMS and three stations in this terminal, cars charging.

    One station speaks OCPP 1.6, one 2.0.1, one 2.1. With --once the exit code is 0 when all three charges
    ended with energy. Ctrl-C ends it.
    """
    wish = Wish(once=once, as_json=as_json, speed=speed, data=data)
    if data is not None:
        _demo(wish, running.settings_of({"data": data, "ocpp_host": HERE, "http_host": HERE}))
        return
    with TemporaryDirectory(prefix="amperanto-demo-", ignore_cleanup_errors=True) as directory:
        _demo(wish, Settings(data=Path(directory), ocpp_host=HERE, http_host=HERE))


def _demo(wish: Wish, settings: Settings) -> None:
    running.prepare(settings.data)
    running.log_to(settings.data / "demo.log")
    asyncio.run(_played(wish, settings))


async def _played(wish: Wish, settings: Settings) -> None:
    back = ONE_ROUND if wish.once else A_WEEK
    time = StoryTime(AcceleratedClock(wish.speed, start=app.SystemClock().now() - timedelta(seconds=back)))
    settings, notes = _with_free_ports(settings)
    node = await running.started(settings, clock=time)
    try:
        key = node.admin_key or (settings.data / running.KEY_FILE).read_text().strip()
        async with Registrar(f"http://{HERE}:{node.http_port}", key) as registrar:
            scene = Scene(places=places(), clock=time.fast, random=Random(), kept=registrar.kept)  # noqa: S311
            scene.hints = [*notes, *_hints(node, settings, wish)]
            await _take_up(scene, registrar, time)
            await until_interrupted(_staged(scene, node, registrar, wish))
    finally:
        await node.stop()
    _conclude(scene, wish)


def _with_free_ports(settings: Settings) -> tuple[Settings, list[str]]:
    """The settings with a free port in place of each that is taken, and what to say about it."""
    notes: list[str] = []
    for name in ("ocpp_port", "http_port"):
        trouble = running.trouble_with(HERE, getattr(settings, name))
        if trouble is not None:
            notes.append(f"{trouble}, so the demo took a free one.")
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
        f"Stations connect to ws://{HERE}:{node.ocpp_port}/IDENTITY, programs to http://{HERE}:{node.http_port}/docs.",
        f"In another terminal:  amperanto tail CP-201 {where}",
    ]


async def _take_up(scene: Scene, registrar: Registrar, time: StoryTime) -> None:
    """Where a demo ran on this data before: its meters count on, and no time is told twice."""
    for place in scene.places:
        last = await registrar.last(place.identity)
        if last is None:
            continue
        place.read_before(last)
        ended = datetime.fromisoformat(last["ended_at"] or last["started_at"])
        if ended > time.now():
            time.fast = AcceleratedClock(time.fast.factor, start=ended + timedelta(minutes=5))
    scene.clock = time.fast


async def _staged(scene: Scene, node: app.Node, registrar: Registrar, wish: Wish) -> None:
    """Stations, cars and a view, until all is told or somebody ends it. Raises Failure."""
    for place in scene.places:
        await _set_up(place, scene, node, registrar)
    async with Fleet(place.station for place in scene.places if place.station is not None):
        view = asyncio.create_task(_view(scene, wish))
        stories = asyncio.gather(*(scene.play(place, once=wish.once) for place in scene.places))
        try:
            limit = PATIENCE + 3 * ONE_ROUND / wish.speed if wish.once else None
            async with asyncio.timeout(limit):
                await stories
            await asyncio.sleep(2 * views.TICK)  # the last charge is shown, too
        except TimeoutError as error:
            raise Failure("The cars charge too slowly; try a smaller --speed.") from error
        finally:
            stories.cancel()
            view.cancel()
            with suppress(asyncio.CancelledError):
                await view


async def _set_up(place: Place, scene: Scene, node: app.Node, registrar: Registrar) -> None:
    """Register a station and its token, and put it up."""
    password = await registrar.let_in(place.identity, place.token)
    dialled = await dial(
        f"ws://{HERE}:{node.ocpp_port}/{place.identity}",
        (place.version,),
        password=password,
        on_frame=scene.listener(place),
    )
    place.station = Station(
        place.identity,
        place.version,
        connect=dialled.connect,
        evses={1: Outlet(lifetime=place.lifetime)},
        clock=scene.clock,
    )


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
    good = [one for one in scene.charges if one["energy_wh"] and one["state"] == "ended"]
    if wish.once and len(good) < len(scene.places):
        raise Failure(
            f"Only {len(good)} of {len(scene.places)} charges ended with energy; start the demo again."
        )
    if not wish.as_json:
        click.echo(views.total(scene))

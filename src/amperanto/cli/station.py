"""`amperanto station`: a charging station in software, for any CSMS.

With --charge a car arrives, takes so much and leaves, and the command ends. Nobody wants to watch two hours
of charging for two hours, so time runs faster then; it begins so far in the past that the charge ends about
now, and no time the CSMS hears lies in the future.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

import click
from rich_click import RichCommand

from amperanto.cli.failure import Failure
from amperanto.cli.interruption import until_interrupted
from amperanto.station import (
    AcceleratedClock,
    Clock,
    Evse,
    RealClock,
    Station,
    Token,
    Transaction,
    Vehicle,
    Version,
    WattHours,
)
from amperanto.station.dialing import Dialled, HandshakeRefused, Unreachable, dial
from amperanto.station.scenarios import NothingCharged, charge
from amperanto.station.vehicle import CAPACITY

HURRY = 300.0
"""How much faster time runs with --charge: 20 kWh in about 20 seconds."""
USUAL_POWER = 11_000.0
AROUND = 180.0
"""Seconds a charge takes beyond the charging."""
SLACK = 1.0
"""Real seconds it may take longer without its times coming to lie in the future."""
LOOK = 0.2
LAST_WORDS = 0.5
"""Real seconds for the last frames to pass: the cable is out, the connector free."""
STEPS = 10
LET_IN = "let the station in there (Amperanto does by 'amperanto stations add' or 'accept')"
PREFIXES = {"": 1, "k": 1_000, "M": 1_000_000}


def energy(_: click.Context, __: click.Parameter, text: str | None) -> WattHours | None:
    """An option's energy, like 20kWh. Raises BadParameter for what has no unit or is nothing."""
    if text is None:
        return None
    found = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,6})?) ?([kM]?)[Ww]h", text)
    if found is None or not float(found[1]):
        raise click.BadParameter(f"{text!r} is no energy; write it like 20kWh or 500Wh.")
    return WattHours(WattHours.of(found[1]).value * PREFIXES[found[2]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the command is to do."""

    url: str
    versions: tuple[Version, ...]
    password: str | None
    energy: WattHours | None
    token: Token
    speed: float


@click.command(cls=RichCommand)
@click.argument("url", metavar="WS_URL")
@click.option(
    "--version",
    type=click.Choice([version.value for version in Version]),
    help="Which OCPP it speaks.  [default: the newest the CSMS speaks]",
)
@click.option(
    "--password",
    metavar="TEXT",
    envvar="AMPERANTO_PASSWORD",
    help="Its password, else AMPERANTO_PASSWORD, else none.",
)
@click.option(
    "--charge",
    "wanted",
    callback=energy,
    metavar="ENERGY",
    help="Charge a car with so much, like 20kWh, and end.",
)
@click.option(
    "--token",
    "uid",
    metavar="UID",
    default="AMPERANTO",
    help="The token its driver presents.  [default: AMPERANTO]",
)
@click.option(
    "--token-type", metavar="TYPE", default="ISO14443", help="What kind of token that is.  [default: ISO14443]"
)
@click.option(
    "--speed",
    type=click.FloatRange(1, 100_000),
    metavar="N",
    help="How much faster time runs for it.  [default: 300 with --charge, else 1]",
)
def station(
    *,
    url: str,
    version: str | None,
    password: str | None,
    wanted: WattHours | None,
    uid: str,
    token_type: str,
    speed: float | None,
) -> None:
    """A charging station in software, for any CSMS.

    WS_URL is the CSMS's address and ends in the station's identity, like ws://localhost:9000/CP1. Without
    --charge the station stays connected and does what the CSMS asks, until Ctrl-C.
    """
    wish = Wish(
        url=_checked(url),
        versions=(Version(version),) if version else (),
        password=password,
        energy=wanted,
        token=Token(uid, token_type),
        speed=speed or (HURRY if wanted else 1.0),
    )
    asyncio.run(_station(wish))


async def _station(wish: Wish) -> None:
    dialled = await until_interrupted(_dial(wish))
    if dialled is None:
        raise click.Abort
    one = Station(dialled.identity, dialled.version, connect=dialled.connect, clock=_clock(wish))
    click.echo(f"{one.identity} is connected in OCPP {one.version}.")
    if wish.energy is not None and wish.speed != 1:
        click.echo(f"Its time runs {wish.speed:g} times as fast; the charge begins in the past and ends about now.")
    running = asyncio.create_task(one.run())
    watching = asyncio.create_task(_watch(one, wish.energy))
    try:
        done = await until_interrupted(_story(one, wish, watching))
    finally:
        await asyncio.sleep(LAST_WORDS)
        watching.cancel()
        one.stop()
        await asyncio.gather(running, watching, return_exceptions=True)
    if wish.energy is not None:
        _conclude(done)


def _conclude(done: Transaction | None) -> None:
    """Say what was charged. Raises Failure where nothing was."""
    if done is None:
        raise Failure("The charge was interrupted; what was charged until then is at the CSMS.")
    energy = done.energy
    if energy is None or not energy:
        raise Failure("The transaction ended without energy; see at the CSMS who ended it, and try again.")
    click.echo(
        f"Charged {kilo(energy)} kWh in transaction {done.reference}: "
        f"meter {kilo(done.meter_start)} to {kilo(done.meter_start + energy)} kWh."
    )


async def _dial(wish: Wish) -> Dialled:
    """The connection. Raises Failure with what to do about a refusal."""
    try:
        return await dial(wish.url, wish.versions, password=wish.password)
    except Unreachable as error:
        step = "start the CSMS, or correct the address"
        if wish.url.startswith("wss:"):
            step += ", which begins with ws:// where there is no TLS"
        raise Failure(f"Nobody answers at {wish.url} ({str(error).rstrip(': ')}); {step}.") from error
    except HandshakeRefused as error:
        raise Failure(f"{wish.url} lets nobody in like this ({error}); {_advice(error.status, wish)}.") from error


def _advice(status: int | None, wish: Wish) -> str:
    match status:
        case 401 if wish.password is None:
            return f"give the station's password with --password, or {LET_IN}"
        case 401:
            return f"give the password the CSMS has of this identity, or {LET_IN}"
        case 404:
            return "correct the port and the path; the address must end in the station's identity"
        case 409:
            return "a station of this identity is connected already: end that one, or take another identity"
        case 429:
            return "wait a while, it has tried too often"
        case 101:
            return "leave --version out to speak what the CSMS does"
        case _:
            return "see the CSMS's log, and correct the address"


def _clock(wish: Wish) -> Clock:
    real = RealClock()
    if wish.speed == 1:
        return real
    expected = 0.0 if wish.energy is None else float(wish.energy) / USUAL_POWER * 3600 + AROUND + SLACK * wish.speed
    return AcceleratedClock(wish.speed, start=real.now() - timedelta(seconds=expected))


async def _story(one: Station, wish: Wish, watching: asyncio.Task[None]) -> Transaction | None:
    """Charge, or live on until somebody ends it. Raises Failure."""
    if wish.energy is None:
        await watching
        return None
    car = Vehicle(capacity=max(CAPACITY, wish.energy + wish.energy))
    charging = asyncio.create_task(charge(one, 1, wish.token, wish.energy, vehicle=car))
    try:
        await asyncio.wait({charging, watching}, return_when=asyncio.FIRST_COMPLETED)
        if not charging.done():
            watching.result()
        return charging.result()
    except NothingCharged as error:
        raise Failure(
            f"Nothing was charged: {error}; register the token at the CSMS, or name another with --token."
        ) from error
    finally:
        charging.cancel()
        await asyncio.gather(charging, return_exceptions=True)


async def _watch(one: Station, energy: WattHours | None) -> None:
    """Print what changes. Raises Failure where a charge is wanted and the boot is rejected."""
    said, steps = "not connected", STEPS  # the socket is there, the station takes it up in a moment
    while True:
        if energy is not None and one.registration == "Rejected":
            raise Failure(f"The CSMS rejects {one.identity} at its boot; let it in there, and try again.")
        evse = one.evses[1]
        evse.settle()
        state = evse.state if one.online else _before(one)
        step = steps if energy is None or evse.transaction is None else _tenth(evse, evse.transaction, energy)
        if (state, step) != (said, steps):
            click.echo(f"{_clock_time(one)}  {state}{_flow(evse)}")
            said, steps = state, step
        await asyncio.sleep(LOOK)


def _before(one: Station) -> str:
    if not one.line.up:
        return "not connected"
    return "boots" if one.registration is None else f"boot answered {one.registration}"


def _tenth(evse: Evse, transaction: Transaction, energy: WattHours) -> int:
    """In which tenth of the charge we are."""
    return int((evse.meter - transaction.meter_start).value * STEPS / energy.value)


def _flow(evse: Evse) -> str:
    outlet, transaction = evse.outlet, evse.transaction
    if transaction is None:
        return ""
    used = evse.meter - transaction.meter_start
    soc = "" if outlet.state_of_charge is None else f"  battery {outlet.state_of_charge.value:.0f} %"
    return f"  {kilo(used)} kWh  {float(outlet.power) / 1000:.1f} kW{soc}"


def _clock_time(one: Station) -> str:
    return one.context.now().astimezone().strftime("%H:%M:%S")


def kilo(energy: WattHours) -> str:
    """Energy in kWh, to the watt-hour."""
    return f"{energy.value / 1000:.3f}"


def _checked(url: str) -> str:
    """The URL. Raises UsageError for one no station connects to."""
    parts = urlsplit(url)
    if parts.scheme not in ("ws", "wss") or not parts.netloc or not parts.path.strip("/"):
        raise click.UsageError(f"{url!r} is no address of a station; write it like ws://localhost:9000/CP1")
    return url

"""Who is let in, and that nobody learns anything else."""

import base64

import pytest

from amperanto.csms.security import Admission, Arrival, Refusal, RefusalReason
from amperanto.domain.stations import DEFAULT_ORGANISATION, Station, StationId
from amperanto.gateway.handshake import NOWHERE, UNAUTHORIZED, Handshake
from amperanto.gateway.limits import Attempts, Flapping
from amperanto.ocpp import Version
from amperanto.transport.upgrade import Denial, Upgrade, Welcome, basic_header


def a_station(identity: str) -> Station:
    return Station(id=StationId(identity), organisation=DEFAULT_ORGANISATION, identity=identity)


SECRET = b"\xff\x00not text"


class Time:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Doorkeeper:
    """Knows CP1 with its secret, OPEN without one, and BUSY, which is connected."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []

    async def __call__(self, arrival: Arrival) -> Admission | Refusal:
        self.arrivals.append(arrival)
        match arrival.identity.upper(), arrival.password:
            case ("CP1", bytes(password)) if password == SECRET:
                return Admission(station=a_station("CP1"))
            case "OPEN", _:
                return Admission(station=a_station("OPEN"))
            case "BUSY", _:
                return Refusal(reason=RefusalReason.ALIVE)
            case "CP1", None:
                return Refusal(reason=RefusalReason.NO_CREDENTIAL)
            case "CP1", _:
                return Refusal(reason=RefusalReason.WRONG_CREDENTIAL)
            case _:
                return Refusal(reason=RefusalReason.UNKNOWN)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def doorkeeper() -> Doorkeeper:
    return Doorkeeper()


@pytest.fixture
def handshake(doorkeeper: Doorkeeper, time: Time) -> Handshake:
    return Handshake(doorkeeper, clock=time)


def knock(path: str, *authorization: str, offered: tuple[str, ...] = ("ocpp1.6",)) -> Upgrade:
    return Upgrade(path=path, remote="10.0.0.7", offered=offered, authorization=authorization)


async def test_right_credentials_are_let_in_with_the_version_both_speak(
    handshake: Handshake, doorkeeper: Doorkeeper
) -> None:
    upgrade = knock("/ocpp/CP1", basic_header("cp1", SECRET), offered=("ocpp1.6", "ocpp2.0.1"))
    welcome = await handshake.decide(upgrade)
    assert isinstance(welcome, Welcome)
    assert (welcome.identity, welcome.version) == ("CP1", Version.V201)
    assert isinstance(welcome.data, Admission)
    (arrival,) = doorkeeper.arrivals
    assert (arrival.user, arrival.password, arrival.organisation_hint) == ("cp1", SECRET, "ocpp")
    assert (arrival.remote, arrival.path) == ("10.0.0.7", "/ocpp/CP1")


@pytest.mark.parametrize(
    ("offered", "version"),
    [((), Version.V201), (("ocpp2.1",), Version.V21), (("ocpp1.5",), None)],
)
async def test_no_subprotocol_means_the_default_and_no_common_one_means_none(
    doorkeeper: Doorkeeper, time: Time, offered: tuple[str, ...], version: Version | None
) -> None:
    handshake = Handshake(doorkeeper, clock=time, default=lambda _: Version.V201)
    welcome = await handshake.decide(knock("/OPEN", offered=offered))
    assert isinstance(welcome, Welcome)
    assert welcome.version is version


NOT_LET_IN = [
    knock("/CP1"),
    knock("/NOBODY"),
    knock("/CP1", basic_header("CP1", "wrong")),
    knock("/NOBODY", basic_header("NOBODY", "wrong")),
    knock("/CP1", basic_header("CP2", SECRET)),
    knock("/CP2", basic_header("CP1", SECRET)),
    knock("/CP1", basic_header("", SECRET)),
    knock("/CP1", "Basic nonsense"),
    knock("/CP1", "Bearer " + base64.b64encode(b"CP1:" + SECRET).decode()),
    knock("/CP1", basic_header("CP1", SECRET), basic_header("CP1", SECRET)),
    knock("/CP1", offered=("soap",)),
    knock("/CP1", offered=()),
]


@pytest.mark.parametrize("upgrade", NOT_LET_IN)
async def test_without_a_valid_credential_everybody_hears_the_same(handshake: Handshake, upgrade: Upgrade) -> None:
    denial = await handshake.decide(upgrade)
    assert denial == UNAUTHORIZED
    assert isinstance(denial, Denial)
    assert denial.headers == {"WWW-Authenticate": 'Basic realm="ocpp"'}


async def test_a_path_that_names_no_station_is_not_found(handshake: Handshake) -> None:
    assert await handshake.decide(knock("/", basic_header("CP1", SECRET))) == NOWHERE
    assert NOWHERE.status == 404


async def test_a_user_that_is_not_the_identity_is_refused_before_the_password_is_looked_at(
    handshake: Handshake, doorkeeper: Doorkeeper
) -> None:
    assert await handshake.decide(knock("/CP1", basic_header("CP2", SECRET))) == UNAUTHORIZED
    assert doorkeeper.arrivals == []


async def test_who_guesses_too_often_hears_the_same_and_is_not_looked_at_any_more(
    handshake: Handshake, doorkeeper: Doorkeeper, time: Time
) -> None:
    for _ in range(50):
        assert await handshake.decide(knock("/CP1", basic_header("CP1", "guess"))) == UNAUTHORIZED
    assert len(doorkeeper.arrivals) == 30
    from_home = Upgrade(
        path="/CP1", remote="10.0.0.8", offered=("ocpp1.6",), authorization=(basic_header("CP1", SECRET),)
    )
    assert isinstance(await handshake.decide(from_home), Welcome)
    time.now += 60
    assert isinstance(await handshake.decide(knock("/CP1", basic_header("CP1", SECRET))), Welcome)


async def test_a_station_without_a_password_may_knock_until_somebody_accepts_it(
    handshake: Handshake, doorkeeper: Doorkeeper
) -> None:
    for _ in range(100):
        assert await handshake.decide(knock("/NEW")) == UNAUTHORIZED
    assert len(doorkeeper.arrivals) == 100


async def test_a_station_that_is_connected_already_is_told_so(handshake: Handshake) -> None:
    denial = await handshake.decide(knock("/BUSY"))
    assert isinstance(denial, Denial)
    assert denial.status == 409


async def test_a_station_that_flaps_is_asked_to_wait(doorkeeper: Doorkeeper, time: Time) -> None:
    handshake = Handshake(
        doorkeeper,
        clock=time,
        attempts=Attempts(clock=time),
        flapping=Flapping(clock=time, at_once=2, per_second=0.1),
    )
    for _ in range(2):
        assert isinstance(await handshake.decide(knock("/OPEN")), Welcome)
    denial = await handshake.decide(knock("/OPEN"))
    assert isinstance(denial, Denial)
    assert (denial.status, denial.headers["Retry-After"]) == (429, "10")
    time.now += 10
    assert isinstance(await handshake.decide(knock("/OPEN")), Welcome)

"""Before the 101: who is it, is it let in, which version will be spoken?

Reads the request (path → identity, Basic → user and password, subprotocols → version) and asks the
doorkeeper, which knows the stations. Everybody it does not let in hears the same 401, whatever the cause and
whether the station exists: same status, headers, body. Only a path that names no station is a 404; only a
station whose credentials are right may hear 409 (it has a living connection) or 429 (it connects again and
again). When the database is gone everybody hears 503. Having no version in common is no refusal: OCPP-J
completes the handshake without a subprotocol and closes.

The time an answer takes must tell nothing either; that is the doorkeeper's affair (it hashes for unknown
stations too) except where no credentials were worth asking about.
"""

import math
from collections.abc import Awaitable, Callable, Sequence

import structlog

from amperanto.csms.security import Admission, Arrival, Refusal, RefusalReason
from amperanto.domain.stations import Station
from amperanto.gateway.identity import Address, read_address
from amperanto.gateway.limits import Attempts, Flapping
from amperanto.ocpp.versions import NEWEST_FIRST, Version
from amperanto.transport.upgrade import (
    Denial,
    Upgrade,
    Welcome,
    basic_credentials,
    negotiate,
    same_identity,
    split_credentials,
)

Doorkeeper = Callable[[Arrival], Awaitable[Admission | Refusal]]

log = structlog.get_logger("amperanto.gateway")

UNAUTHORIZED = Denial(
    status=401,
    body="Station identity and password, please.\n",
    headers={"WWW-Authenticate": 'Basic realm="ocpp"'},
)
ALIVE = Denial(status=409, body="This station has a living connection already.\n")
UNAVAILABLE = Denial(status=503, body="Please try again later.\n", headers={"Retry-After": "30"})
TOLD: dict[str, Denial] = {RefusalReason.ALIVE: ALIVE, RefusalReason.UNAVAILABLE: UNAVAILABLE}
NOWHERE = Denial(status=404, body="The path must end in the identity of a charging station.\n")


class Handshake:
    """Decides about requests to open a connection."""

    def __init__(
        self,
        doorkeeper: Doorkeeper,
        *,
        clock: Callable[[], float],
        versions: Sequence[Version] = NEWEST_FIRST,
        default: Callable[[Station], Version | None] = lambda _: Version.V16,
        attempts: Attempts | None = None,
        flapping: Flapping | None = None,
    ) -> None:
        """`clock` is monotonic; `default` tells what is spoken with a station that sends no subprotocol."""
        self._doorkeeper = doorkeeper
        self._versions = versions
        self._default = default
        self._attempts = attempts or Attempts(clock=clock)
        self._flapping = flapping or Flapping(clock=clock)

    async def decide(self, upgrade: Upgrade) -> Welcome | Denial:
        """Let in or not; a `Welcome` carries the doorkeeper's `Admission` as its data."""
        address = read_address(upgrade.path, upgrade.host)
        if address is None:
            log.info("refused: the path names no station", path=upgrade.path, remote=upgrade.remote)
            return NOWHERE
        verdict = await self._judged(upgrade, address)
        if isinstance(verdict, Admission):
            delay = self._flapping.delay(verdict.station.id)
            if delay == 0:
                default = None if upgrade.offered else self._default(verdict.station)
                version = negotiate(upgrade.offered, spoken=self._versions, default=default)
                if version is None:  # its socket is opened, told why, and closed
                    log.info("no common subprotocol", identity=address.identity, offered=list(upgrade.offered))
                return Welcome(identity=address.identity, version=version, data=verdict)
            verdict, denial = "it connects too often", too_often(delay)
        else:
            denial = TOLD.get(verdict, UNAUTHORIZED)
        log.info("refused", identity=address.identity, remote=upgrade.remote, reason=str(verdict))
        return denial

    async def _judged(self, upgrade: Upgrade, address: Address) -> Admission | str:
        """The doorkeeper's admission, or the reason there is none. Only a wrong guess counts as failed."""
        source, identity = upgrade.remote, address.identity
        if not self._attempts.may_try(source, identity):
            return "too many failed attempts"
        arrival = arrival_of(upgrade, address)
        if arrival.user is not None and not same_identity(arrival.user, identity):
            self._attempts.failed(source, identity)
            return RefusalReason.OTHER_USER
        verdict = await self._doorkeeper(arrival)
        if isinstance(verdict, Admission) or verdict.reason is RefusalReason.ALIVE:
            self._attempts.succeeded(source, identity)
        elif arrival.password is not None and verdict.reason is not RefusalReason.UNAVAILABLE:
            self._attempts.failed(source, identity)
        return verdict if isinstance(verdict, Admission) else verdict.reason


def arrival_of(upgrade: Upgrade, address: Address) -> Arrival:
    """What the doorkeeper is told."""
    credentials = basic_credentials(upgrade.authorization)
    user, password = (None, None) if credentials is None else split_credentials(credentials, address.identity)
    return Arrival(
        identity=address.identity,
        organisation_hint=address.organisation_hint,
        user=user,
        password=password,
        remote=upgrade.remote,
        subprotocols=upgrade.offered,
        path=upgrade.path,
        secure=upgrade.secure,
        certificate=upgrade.certificate,
    )


def too_often(delay: float) -> Denial:
    """The answer to a station that connects again and again, with the seconds to wait."""
    return Denial(status=429, body="Slow down.\n", headers={"Retry-After": str(math.ceil(delay))})

"""What we answer a station: the CSMS decides, a dialect spells it (D4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from amperanto.domain.limits import TransactionLimit
from amperanto.domain.stations import Registration
from amperanto.domain.tariffs import Tariff
from amperanto.domain.tokens import Authorization


@dataclass(frozen=True, slots=True, kw_only=True)
class BootDecision:
    """Whether the station may work (B01-B03), our clock, and the heartbeat or retry interval in seconds."""

    status: Registration
    now: datetime
    interval: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeTold:
    """Our clock (G02)."""

    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """Kept; there is nothing to say."""


@dataclass(frozen=True, slots=True)
class PersonalMessage:
    """A text for the driver, in a format and a language of the standard (C08, I02)."""

    content: str
    format: str = "UTF8"
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenDecision:
    """What the presented token may do (C01).

    `message` is for the driver, the price in words (I01); `tariff` the driver's own, for a station that calculates
    costs by itself (I08, 2.1).
    """

    authorization: Authorization
    message: PersonalMessage | None = None
    tariff: Tariff | None = None
    unreadable_tariff: bool = False
    """A tariff was told that nobody can read (the station's HandleFailedTariff says what then, I08)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionDecision:
    """The report is kept. `number` is the transaction's 1.6 id; `authorization` is there when a token was told.

    `cost` is what the transaction has cost so far, `limit` what it may use at most (E16); only 2.x can be told them.
    `message` is for the driver.
    """

    number: int | None = None
    authorization: Authorization | None = None
    cost: Decimal | None = None
    limit: TransactionLimit | None = None
    message: PersonalMessage | None = None


Decision = BootDecision | TimeTold | Noted | TokenDecision | TransactionDecision

"""What a repository sees of the unit it belongs to: reads, recorded writes, and caches.

Reads are `async` and see what is committed, not what this unit has recorded. Writes are plain methods that
only record: nothing happens before the unit commits. A unit that runs again after a conflict is `fresh`: it
believes no cache. A Reading is the same without a unit, for those who only look.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from amperanto.domain.ids import Ids
from amperanto.domain.organisations import Organisation
from amperanto.domain.sites import Site, SiteId
from amperanto.domain.stations import OrganisationId, Station, StationId
from amperanto.domain.tariff_assignments import TariffBook
from amperanto.domain.tokens import RegisteredToken, TokenGroup
from amperanto.domain.transactions import Transaction
from amperanto.stores.cache import Cache
from amperanto.stores.database import Database
from amperanto.stores.errors import StoreError
from amperanto.stores.groups import Recorded
from amperanto.stores.statements import Parameters, Row, Statement

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")

CACHED = 50_000
PAGE = 100
LARGEST_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of a list, and where the next part begins (None: this was the last)."""

    items: tuple[T, ...]
    next: str | None = None


def page_of(rows: list[T], limit: int, cursor_of: Callable[[T], str]) -> Page[T]:
    """The page of `limit` items from a query that asked for one more."""
    more = len(rows) > limit
    items = tuple(rows[:limit])
    return Page(items, cursor_of(items[-1]) if more else None)


def page_size(limit: int) -> int:
    """A page size that is neither empty nor huge."""
    return max(1, min(limit, LARGEST_PAGE))


@dataclass(slots=True)
class Caches:
    """What is kept in memory: only what this node owns, where the database is shared (R4)."""

    stations: Cache[StationId, Station] = field(default_factory=lambda: Cache[StationId, Station](CACHED))
    sites: Cache[SiteId, Site] = field(default_factory=lambda: Cache[SiteId, Site](CACHED))
    tariff_books: Cache[OrganisationId, TariffBook] = field(
        default_factory=lambda: Cache[OrganisationId, TariffBook](CACHED)
    )
    tokens: Cache[tuple[OrganisationId, str], RegisteredToken] = field(
        default_factory=lambda: Cache[tuple[OrganisationId, str], RegisteredToken](CACHED)
    )
    groups: Cache[tuple[OrganisationId, str], TokenGroup] = field(
        default_factory=lambda: Cache[tuple[OrganisationId, str], TokenGroup](CACHED)
    )
    organisations: Cache[OrganisationId, Organisation] = field(
        default_factory=lambda: Cache[OrganisationId, Organisation](CACHED)
    )
    open_transactions: Cache[tuple[StationId, str], Transaction] = field(
        default_factory=lambda: Cache[tuple[StationId, str], Transaction](CACHED)
    )


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all units of a store share."""

    database: Database
    caches: Caches
    ids: Ids
    clock: Callable[[], datetime]


class Work:
    """The ground of a unit: what its repositories read by and record into."""

    __slots__ = ("_committed", "_fresh", "_recorded", "_surroundings", "pending")

    def __init__(self, surroundings: Surroundings, *, fresh: bool = False) -> None:
        self._surroundings = surroundings
        self._fresh = fresh
        self._recorded = Recorded()
        self._committed: list[Callable[[], None]] = []
        self.pending: dict[Any, dict[str, Any]] = {}
        """Recorded rows that a later write of the same unit amends."""

    @property
    def caches(self) -> Caches:
        """The store's caches."""
        return self._surroundings.caches

    @property
    def ids(self) -> Ids:
        """The maker of our ids."""
        return self._surroundings.ids

    @property
    def shared(self) -> bool:
        """Whether other nodes write to the same database."""
        return self._surroundings.database.shared

    def now(self) -> datetime:
        """Our wall clock."""
        return self._surroundings.clock()

    async def one(self, statement: Statement, parameters: Parameters) -> Row | None:
        """The first row an index finds."""
        rows = await self._surroundings.database.read(statement, parameters)
        return rows[0] if rows else None

    async def several(self, statement: Statement, parameters: Parameters) -> list[Row]:
        """The few rows an index finds."""
        return await self._surroundings.database.read(statement, parameters)

    async def scan(self, statement: Statement, parameters: Parameters) -> list[Row]:
        """Rows for a list; may take a while."""
        return await self._surroundings.database.scan(statement, parameters)

    async def cached(self, cache: Cache[K, V], key: K, read: Callable[[], Any]) -> V | None:
        """The object of that key: from the cache unless this unit is fresh, else read and offered to the cache."""
        if not self.fresh and (found := cache.get(key)) is not None:
            return found
        generation = cache.generation
        value: V | None = await read()
        if value is not None:
            cache.offer(key, value, generation)
        return value

    @property
    def fresh(self) -> bool:
        """Whether this runs again after a conflict, and believes no cache."""
        return self._fresh

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call this once the unit is durable, before whoever waits for it goes on."""
        self._committed.append(callback)

    def record(self, statement: Statement, parameters: Parameters) -> None:
        """Want this written."""
        self._recorded.writes.append((statement, parameters))

    def exchange(self, cache: Cache[K, V], key: K, value: V | None) -> None:
        """Exchange (or forget) a cached object once this unit is committed."""
        self.after_commit(lambda: cache.exchange(key, value))


class Reading(Work):
    """The ground of repositories outside a unit: they may look, and write nothing."""

    __slots__ = ()

    def record(self, statement: Statement, parameters: Parameters) -> None:
        raise StoreError("nothing is written outside a unit: use `async with store.unit()`")

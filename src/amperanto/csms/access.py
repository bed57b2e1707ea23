"""Who may use the API: keys with scopes, each of one organisation (R15).

A key is 256 random bits, so a plain hash keeps it safe; the key itself is shown once. The first start makes an
administrator's key and leaves it in the data directory, readable by the owner alone.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from amperanto.csms.block import Block
from amperanto.domain.stations import DEFAULT_ORGANISATION, OrganisationId
from amperanto.stores.keys import ApiKey

SCOPES = frozenset({"read", "operate", "admin", "raw"})
INCLUDED = {"admin": ("operate", "read"), "operate": ("read",)}
KEY_FILE = "admin.key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who asks: an organisation's key and what it may do."""

    organisation: OrganisationId
    name: str
    scopes: frozenset[str]

    @property
    def allowed(self) -> frozenset[str]:
        """Every scope the key has, with those it includes; `raw` is never included in another."""
        return self.scopes.union(*(INCLUDED.get(scope, ()) for scope in self.scopes))

    def may(self, scope: str) -> bool:
        """Whether the key has the scope, by itself or included in another."""
        return scope in self.allowed


def hashed(key: str) -> str:
    """What is kept of a key."""
    return blake2b(key.encode(errors="surrogateescape"), digest_size=32).hexdigest()


def fresh_key() -> str:
    """A key nobody has yet."""
    return f"amp_{secrets.token_urlsafe(32)}"


class Access(Block):
    """API keys."""

    async def authenticate(self, bearer: str) -> Principal | None:
        """Who holds this key, or None."""
        async with self.context.store.unit() as unit:
            key = await unit.keys.by_hash(hashed(bearer))
        if key is None:
            return None
        return Principal(organisation=key.organisation, name=key.name, scopes=frozenset(key.scopes))

    async def create(self, organisation: OrganisationId, name: str, scopes: frozenset[str]) -> str:
        """A new key; it is told only now. Raises ValueError for an unknown scope."""
        unknown = scopes - SCOPES
        if unknown:
            known = ", ".join(sorted(SCOPES))
            raise ValueError(f"there is no scope {', '.join(sorted(unknown))}; the scopes are {known}")
        key = fresh_key()
        await self._keep(organisation, name, scopes, key)
        return key

    async def _keep(self, organisation: OrganisationId, name: str, scopes: frozenset[str], key: str) -> None:
        async with self.context.store.unit() as unit:
            unit.keys.add(
                ApiKey(
                    id=self.context.ids.new(),
                    organisation=organisation,
                    name=name,
                    hash=hashed(key),
                    scopes=tuple(sorted(scopes)),
                    created_at=self.context.clock.now(),
                )
            )

    async def first_key(self, data: Path) -> str | None:
        """On the first start: an administrator's key, written to `admin.key` (mode 600). None when there are keys."""
        async with self.context.store.unit() as unit:
            if await unit.keys.list(DEFAULT_ORGANISATION):
                return None
        # The file first: a key nobody was told would lock everybody out, should we end between the two.
        key = fresh_key()
        descriptor = os.open(data / KEY_FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(key)
        await self._keep(DEFAULT_ORGANISATION, "administrator", frozenset({"admin", "raw"}), key)
        return key

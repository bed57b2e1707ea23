"""The tokens an organisation knows, and their groups: registered, changed, removed by its people.

A token nobody registered is remembered as blocked when it is first presented (authorization.py);
registering its uid then admits the remembered one instead of refusing a second. A token is named by our id
or its uid, without case. Another spelling of its uid becomes an alias by one word, and what was remembered of that
spelling goes. The rule: no uid means two tokens.

What stations keep of tokens (their lists and caches) follows each change: `followers` hear of it after its commit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from amperanto.csms.access import Principal
from amperanto.csms.authorization import AuthorizationBlock, Use, meant_by
from amperanto.csms.block import Block, Context
from amperanto.csms.errors import StationUnknown
from amperanto.csms.registry import AlreadyThere, named_site
from amperanto.domain.errors import UnknownGroup, UnknownToken
from amperanto.domain.places import Place, Places
from amperanto.domain.stations import EvseRef, OrganisationId, Station, StationId
from amperanto.domain.tokens import Authorization, AuthorizationStatus, RegisteredToken, Token, TokenGroup
from amperanto.stores.store import Lane, Store, Unit
from amperanto.stores.tokens import Tokens
from amperanto.stores.work import Page

Follower = Callable[[OrganisationId], None]
HARMLESS = frozenset({"note"})
"""What may change of a token without any station having to know."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A token, and the registered ones that may be meant where nobody registered it."""

    token: RegisteredToken
    did_you_mean: tuple[str, ...] = ()


class TokenRegistry(Block):
    """Tokens, for those who run the stations."""

    def __init__(self, context: Context, authorization: AuthorizationBlock, *followers: Follower) -> None:
        super().__init__(context)
        self._authorization = authorization
        self._followers = followers

    async def token(self, who: Principal, name: str) -> Seen:
        """The organisation's token of that uid, alias or id. Raises UnknownToken."""
        return await self._seen(await _named(self.context.store.tokens, who, name))

    async def tokens(
        self,
        who: Principal,
        *,
        status: AuthorizationStatus | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Seen]:
        """A page of the organisation's tokens, by uid."""
        page = await self.context.store.tokens.list(who.organisation, status=status, cursor=cursor, limit=limit)
        return Page(tuple([await self._seen(one) for one in page.items]), page.next)

    async def _seen(self, token: RegisteredToken) -> Seen:
        if not token.only_remembered:
            return Seen(token)
        meant = await meant_by(self.context.store, token.organisation, token.token)
        return Seen(token, tuple(one.token.uid for one in meant))

    async def add(self, who: Principal, token: Token, settings: Mapping[str, Any]) -> RegisteredToken:
        """Register a token. Raises AlreadyThere; UnknownSite, StationUnknown for a place that is none."""
        fresh = RegisteredToken(
            id=self.context.ids.new(),
            organisation=who.organisation,
            token=token,
            created_at=self.context.clock.now(),
        )

        async def work(unit: Unit) -> RegisteredToken:
            told = await self._resolved(unit, who, settings)
            known = await unit.tokens.by_uid(who.organisation, token.uid)
            self._follow(unit, who.organisation)
            if known is None:
                added = replace(fresh, **told)
                unit.tokens.add(added)
                return added
            if not known.only_remembered:
                raise AlreadyThere(_taken(token.uid, known))
            admitted = replace(fresh, id=known.id, created_at=known.created_at, revision=known.revision)
            return unit.tokens.save(replace(admitted, **told))

        return await self.context.store.run(work, lane=Lane.BULK)

    async def change(self, who: Principal, name: str, settings: Mapping[str, Any]) -> RegisteredToken:
        """Change a token; `type` is the token's. Raises UnknownToken, and as `add` for its places."""

        async def work(unit: Unit) -> RegisteredToken:
            changes = await self._resolved(unit, who, settings)
            kind = changes.pop("type", None)
            before = await _named(unit.tokens, who, name)
            token = before.token if kind is None else Token(before.token.uid, kind)
            after = replace(before, token=token, **changes)
            if after == before:
                return before
            if changes.keys() - HARMLESS or kind is not None:
                self._outdate(unit, who.organisation)
            return unit.tokens.save(after)

        return await self.context.store.run(work, lane=Lane.BULK)

    async def remove(self, who: Principal, name: str) -> None:
        """Forget a token. Raises UnknownToken."""

        async def work(unit: Unit) -> None:
            unit.tokens.remove(await _named(unit.tokens, who, name))
            self._outdate(unit, who.organisation)

        await self.context.store.run(work, lane=Lane.BULK)

    async def alias(self, who: Principal, name: str, uid: str) -> RegisteredToken:
        """Let another spelling mean the token, exactly. Raises UnknownToken, AlreadyThere."""

        async def work(unit: Unit) -> RegisteredToken:
            token = await _named(unit.tokens, who, name)
            other = await unit.tokens.by_uid(who.organisation, uid)
            if other is not None:
                if not other.only_remembered or other.id == token.id:
                    raise AlreadyThere(_taken(uid, other))
                unit.tokens.remove(other)
            self._follow(unit, who.organisation)
            return unit.tokens.alias(token, uid)

        return await self.context.store.run(work, lane=Lane.BULK)

    async def unalias(self, who: Principal, name: str, uid: str) -> RegisteredToken:
        """Let that spelling mean nobody. Raises UnknownToken."""

        async def work(unit: Unit) -> RegisteredToken:
            token = await _named(unit.tokens, who, name)
            if uid.casefold() not in token.keys[1:]:
                raise UnknownToken(f"the token {token.token.uid} has no alias {uid}")
            self._outdate(unit, who.organisation)
            return unit.tokens.unalias(token, uid)

        return await self.context.store.run(work, lane=Lane.BULK)

    async def check(self, who: Principal, name: str, station: Station, where: EvseRef | None) -> Authorization:
        """What the rule would say of a token at a station now; nothing is kept. Raises UnknownToken."""
        token = await _named(self.context.store.tokens, who, name)
        return await self._authorization.judge(self.context.store, station, token.token, Use(where=where))

    # --- groups

    async def group(self, who: Principal, name: str) -> TokenGroup:
        """What holds for a group. Raises UnknownGroup where nobody said."""
        found = await self.context.store.token_groups.get(who.organisation, name)
        if found is None:
            raise UnknownGroup(f"nothing was said of the group {name}")
        return found

    async def groups(self, who: Principal, *, cursor: str | None = None, limit: int = 100) -> Page[TokenGroup]:
        """A page of the groups of which something was said, by name."""
        return await self.context.store.token_groups.list(who.organisation, cursor=cursor, limit=limit)

    async def add_group(self, who: Principal, name: str, settings: Mapping[str, Any]) -> TokenGroup:
        """Say what holds for a group. Raises AlreadyThere, and as `add` for its places."""
        return await self._put_group(who, name, settings, new=True)

    async def change_group(self, who: Principal, name: str, settings: Mapping[str, Any]) -> TokenGroup:
        """Say anew what holds for a group. Raises UnknownGroup, and as `add` for its places."""
        return await self._put_group(who, name, settings, new=False)

    async def _put_group(self, who: Principal, name: str, settings: Mapping[str, Any], *, new: bool) -> TokenGroup:
        async def work(unit: Unit) -> TokenGroup:
            known = await unit.token_groups.get(who.organisation, name)
            if new and known is not None:
                raise AlreadyThere(f"something was said of the group {name} already")
            if not new and known is None:
                raise UnknownGroup(f"nothing was said of the group {name}")
            told = await self._resolved(unit, who, settings)
            group = TokenGroup(organisation=who.organisation, name=name if known is None else known.name, **told)
            unit.token_groups.put(group)
            self._outdate(unit, who.organisation)
            return group

        return await self.context.store.run(work, lane=Lane.BULK)

    async def remove_group(self, who: Principal, name: str) -> None:
        """Let nothing hold for a group; its tokens stay in it. Raises UnknownGroup."""
        group = await self.group(who, name)

        async def work(unit: Unit) -> None:
            unit.token_groups.remove(group)
            self._outdate(unit, who.organisation)

        await self.context.store.run(work, lane=Lane.BULK)

    # --- places

    async def _resolved(self, unit: Unit, who: Principal, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The settings with our ids where people name sites and stations."""
        told = dict(settings)
        places = told.get("places")
        if isinstance(places, Places):
            told["places"] = Places(
                allowed=tuple([await _placed(unit, who, one) for one in places.allowed]),
                denied=tuple([await _placed(unit, who, one) for one in places.denied]),
            )
        return told

    async def named_places(self, who: Principal, places: Places) -> Places:
        """The places with the names people gave sites and stations; what is gone keeps our id."""
        store = self.context.store
        return Places(
            allowed=tuple([await _unplaced(store, who, one) for one in places.allowed]),
            denied=tuple([await _unplaced(store, who, one) for one in places.denied]),
        )

    # --- who must know

    def _outdate(self, unit: Unit, organisation: OrganisationId) -> None:
        """What stations keep may be wrong from now on."""
        unit.organisations.tokens_changed(organisation, self.context.clock.now())
        self._follow(unit, organisation)

    def _follow(self, unit: Unit, organisation: OrganisationId) -> None:
        for follower in self._followers:
            unit.after_commit(lambda follower=follower: follower(organisation))


async def _placed(unit: Unit, who: Principal, place: Place) -> Place:
    site = None if place.site is None else (await named_site(unit.sites, who, place.site)).id
    if place.station is None:
        return replace(place, site=site)
    found = await unit.stations.by_identity(who.organisation, place.station)
    found = found or await unit.stations.get(who.organisation, StationId(place.station))
    if found is None:
        raise StationUnknown(f"there is no station {place.station}")
    return replace(place, site=site, station=found.id)


async def _unplaced(store: Store, who: Principal, place: Place) -> Place:
    site = None if place.site is None else await store.sites.get(who.organisation, place.site)
    station = None if place.station is None else await store.stations.get(who.organisation, StationId(place.station))
    return replace(
        place,
        site=place.site if site is None else site.name,
        station=place.station if station is None else station.identity,
    )


async def _named(tokens: Tokens, who: Principal, name: str) -> RegisteredToken:
    found = await tokens.by_uid(who.organisation, name) or await tokens.get(who.organisation, name)
    if found is None:
        raise UnknownToken(f"there is no token {name}")
    return found


def _taken(uid: str, known: RegisteredToken) -> str:
    if known.token.key == uid.casefold():
        return f"the token {uid} is registered already"
    return f"{uid} is an alias of the token {known.token.uid} already"

"""Templates: named sets of wanted values, compared with what stations have; rows ↔ `Template`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import bindparam

from amperanto.domain.device_model import FirstUse, WantedValue
from amperanto.domain.stations import OrganisationId
from amperanto.stores.scope import owned
from amperanto.stores.statements import Row, Statement, Upserting
from amperanto.stores.tables import templates
from amperanto.stores.work import Work

_c = templates.c
_FIRST_USE = msgspec.json.Decoder(FirstUse)
_WANTED = msgspec.json.Decoder(tuple[WantedValue, ...])


def _put(insert: Upserting) -> Any:
    inserted = insert(templates)
    told = {name: inserted.excluded[name] for name in ("name", "wanted", "changed_at", "changed_by", "first_use")}
    return inserted.on_conflict_do_update(index_elements=[_c.organisation, _c.name_key], set_=told)


_PUT = Statement(_put, rank=210)
_GET = Statement(owned(templates).where(_c.name_key == bindparam("name_key")))
_LIST = Statement(owned(templates).order_by(_c.name_key))
_REMOVE = Statement(
    templates.delete().where(_c.organisation == bindparam("organisation"), _c.name_key == bindparam("name_key")),
    rank=211,
    exact=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A named set of values that stations should have."""

    organisation: OrganisationId
    name: str
    wanted: tuple[WantedValue, ...]
    changed_at: datetime
    changed_by: str
    first_use: FirstUse | None = None


class Templates:
    """The templates."""

    __slots__ = ("_work",)

    def __init__(self, work: Work) -> None:
        self._work = work

    async def get(self, organisation: OrganisationId, name: str) -> Template | None:
        """The template of that name, case aside."""
        row = await self._work.one(_GET, {"organisation": organisation, "name_key": name.casefold()})
        return None if row is None else _template(row)

    async def list(self, organisation: OrganisationId) -> list[Template]:
        """The organisation's templates, by name."""
        return [_template(row) for row in await self._work.scan(_LIST, {"organisation": organisation})]

    def put(self, template: Template) -> None:
        """Keep a template in place of the one of its name."""
        self._work.record(
            _PUT,
            {
                "organisation": template.organisation,
                "name_key": template.name.casefold(),
                "name": template.name,
                "wanted": msgspec.json.encode(template.wanted).decode(),
                "changed_at": template.changed_at,
                "changed_by": template.changed_by,
                "first_use": None if template.first_use is None else msgspec.json.encode(template.first_use).decode(),
            },
        )

    def remove(self, organisation: OrganisationId, name: str) -> None:
        """Forget a template; ConflictError at the commit if there is none of that name."""
        self._work.record(_REMOVE, {"organisation": organisation, "name_key": name.casefold()})


def _template(row: Row) -> Template:
    return Template(
        organisation=row["organisation"],
        name=row["name"],
        wanted=_WANTED.decode(row["wanted"]),
        changed_at=row["changed_at"],
        changed_by=row["changed_by"],
        first_use=None if row["first_use"] is None else _FIRST_USE.decode(row["first_use"]),
    )

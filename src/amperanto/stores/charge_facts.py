"""Facts by which a charge is priced, each once and never changed, in whatever order they come (R10).

`tariff`: a version of a tariff holds since then; `guess`: one was chosen when only the end of a charge was known, and
counts while no other is. `phase`: energy began or ceased to flow. `cost`: what the station itself calculated. A fact
told twice is stored once without asking first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from sqlalchemy import bindparam

from amperanto.domain.charge_usages import Phase
from amperanto.domain.cost_details import CostDetails
from amperanto.domain.stations import OrganisationId
from amperanto.stores.scope import owned
from amperanto.stores.statements import Statement
from amperanto.stores.tables import charge_facts
from amperanto.stores.work import Work

_c = charge_facts.c
_ADD = Statement(lambda insert: insert(charge_facts).on_conflict_do_nothing(), rank=42)
_OF = Statement(
    owned(charge_facts).where(_c.transaction_id == bindparam("transaction_id")).order_by(_c.at, _c.kind, _c.body)
)
_DETAILS = msgspec.json.Decoder(CostDetails)
TARIFF, GUESS, PHASE, COST = "tariff", "guess", "phase", "cost"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one transaction: tariffs as (name, version, since), phases, and the station's last cost."""

    tariffs: list[tuple[str, int, datetime]] = field(default_factory=list[tuple[str, int, datetime]])
    phases: list[Phase] = field(default_factory=list[Phase])
    station_cost: CostDetails | None = None


class ChargeFacts:
    """The facts of all transactions."""

    __slots__ = ("_work",)

    def __init__(self, work: Work) -> None:
        self._work = work

    async def of(self, organisation: OrganisationId, transaction: str) -> Facts:
        """What is known of a transaction."""
        tariffs: list[tuple[str, int, datetime]] = []
        guesses: list[tuple[str, int, datetime]] = []
        phases: list[Phase] = []
        cost: CostDetails | None = None
        rows = await self._work.several(_OF, {"organisation": organisation, "transaction_id": transaction})
        for row in rows:
            if row["kind"] in (TARIFF, GUESS):
                found = tariffs if row["kind"] == TARIFF else guesses
                found.append((row["tariff"], int(row["body"].rpartition(".")[2]), row["at"]))
            elif row["kind"] == PHASE:
                phases.append(Phase(row["at"], row["body"] == "1"))
            else:
                cost = _DETAILS.decode(row["body"])
        return Facts(tariffs or guesses[:1], phases, cost)

    def tariff(self, organisation: OrganisationId, transaction: str, since: datetime, version: tuple[str, int]) -> None:
        """That version of the tariff holds since then."""
        name, number = version
        self._add(organisation, transaction, TARIFF, since, f"{name}.{number}", name)

    def tariff_for_now(
        self, organisation: OrganisationId, transaction: str, since: datetime, version: tuple[str, int]
    ) -> None:
        """That version holds as long as nothing more is known of who began the charge, and when."""
        name, number = version
        self._add(organisation, transaction, GUESS, since, f"{name}.{number}", name)

    def phase(self, organisation: OrganisationId, transaction: str, phase: Phase) -> None:
        """Energy began or ceased to flow."""
        self._add(organisation, transaction, PHASE, phase.at, "1" if phase.charging else "0", None)

    def cost(self, organisation: OrganisationId, transaction: str, at: datetime, cost: CostDetails) -> None:
        """The station calculated a cost."""
        self._add(organisation, transaction, COST, at, msgspec.json.encode(cost).decode(), None)

    def _add(  # noqa: PLR0917 - a row, column by column
        self, organisation: OrganisationId, transaction: str, kind: str, at: datetime, body: str, tariff: str | None
    ) -> None:
        self._work.record(
            _ADD,
            {
                "transaction_id": transaction, "kind": kind, "at": at, "body": body, "organisation": organisation,
                "tariff": tariff,
            },
        )  # fmt: skip

"""C25: the secret a station and we share for the codes of its QR address, and whether a code is good.

A fresh secret is kept before it is sent, beside the old one: whichever the station has by then, its codes are good.
The secret is in no answer, event or log: frames are kept without it (csms/journal.py).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace

from amperanto.csms.block import Block
from amperanto.csms.errors import NotSpoken
from amperanto.domain.errors import BadCode
from amperanto.domain.qr_codes import BASE61, BASE62, VERSION, is_good
from amperanto.domain.stations import Station
from amperanto.ocpp import v2
from amperanto.stores.payments import PaymentCodes as Kept
from amperanto.stores.store import Unit

COMPONENT = "WebPaymentsCtrlr"
ALPHABETS = {"62": (BASE62,), "61": (BASE62, BASE61)}


class PaymentCodes(Block):
    """C25. QR codes."""

    async def renew(
        self, station: Station, *, validity: int, length: int, template: str | None = None, timeout: float | None = None
    ) -> dict[str, str]:
        """Give the station a fresh secret; returns what it answered to each variable.

        `validity` in seconds (6-3600), `length` in characters (6 or more). Raises as `Stations.call` does.
        """
        link = self.context.stations.reach(station.id)
        if not link.can(v2.NotifyWebPaymentStartedRequest):
            raise NotSpoken("QR codes with a code of their own need OCPP 2.1")
        fresh = secrets.token_urlsafe(32)
        await self._keep(station, lambda one: replace(one, sent=fresh), validity, length)
        values = {
            "SharedSecret": fresh,
            "ValidityTime": str(validity),
            "Length": str(length),
            "TOTPVersion": VERSION,
            **({} if template is None else {"URLTemplate": template}),
        }
        asked = [
            v2.SetVariableData(
                attribute_value=value, component=v2.Component(name=COMPONENT), variable=v2.Variable(name=name)
            )
            for name, value in values.items()
        ]
        answer = await link.call(v2.SetVariablesRequest(set_variable_data=asked), timeout=timeout)
        said = {one.variable.name: str(one.attribute_status) for one in answer.set_variable_result}
        if said.get("SharedSecret") in ("Accepted", "RebootRequired"):
            await self._keep(station, lambda one: replace(one, secret=fresh, sent=None), validity, length)
        return said

    async def _keep(self, station: Station, change: Callable[[Kept], Kept], validity: int, length: int) -> None:
        async def work(unit: Unit) -> None:
            before = await unit.payments.codes(station.id)
            if before is None:
                before = Kept(station=station.id, organisation=station.organisation, validity=validity, length=length)
            kept = replace(
                change(before), validity=validity, length=length, set_at=self.context.clock.now(),
                revision=before.revision + 1,
            )  # fmt: skip
            unit.payments.put_codes(kept)

        await self.context.store.run(work)

    async def check(self, station: Station, code: str) -> None:
        """Whether the code is one of now, the interval before or the next. Raises BadCode."""
        kept = await self.context.store.payments.codes(station.id)
        if kept is None:
            raise BadCode("the station was given no secret for QR codes yet")
        alphabets = ALPHABETS[self.context.settings.qr_code_letters]
        good = False
        for secret in (kept.secret, kept.sent):
            if secret is not None:
                good |= is_good(
                    code, secret, self.context.clock.now(),
                    validity=kept.validity, length=kept.length, alphabets=alphabets,
                )  # fmt: skip
        if not good:
            raise BadCode("the code is not that of now; scan the QR code again")

    async def opened(
        self, station: Station, evse: int, code: str, seconds: int, *, timeout: float | None = None
    ) -> None:
        """A driver opened the page of an EVSE: keep it free for that long (NotifyWebPaymentStarted).

        Raises BadCode, and as `Stations.call` does.
        """
        await self.check(station, code)
        request = v2.NotifyWebPaymentStartedRequest(evse_id=evse, timeout=seconds)
        await self.context.stations.call(station.id, request, timeout=timeout, urgent=True)

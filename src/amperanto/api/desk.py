"""What every operation works with: the CSMS, what is registered and kept, and who asks."""

from __future__ import annotations

from dataclasses import dataclass

from amperanto.api.streams import Streams
from amperanto.csms.access import Principal
from amperanto.csms.csms import Csms
from amperanto.csms.records import Records
from amperanto.csms.registry import Registry
from amperanto.csms.sites import Sites
from amperanto.csms.token_registry import TokenRegistry


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One request's place of work. Everything it does is done for `who`, within its organisation."""

    csms: Csms
    registry: Registry
    records: Records
    tokens: TokenRegistry
    sites: Sites
    streams: Streams
    who: Principal

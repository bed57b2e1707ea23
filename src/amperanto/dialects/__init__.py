"""Translation between OCPP's versions and the house's own words: the one staircase between `ocpp` and
`domain`.
"""

from amperanto.dialects.context import PlainContext, StationContext, Topology
from amperanto.dialects.dialect import Dialect, Neutral, Said
from amperanto.dialects.errors import DialectError, NotSpoken
from amperanto.dialects.v2 import V2
from amperanto.dialects.v16 import V16
from amperanto.ocpp.versions import Version

__all__ = [
    "Dialect",
    "DialectError",
    "Neutral",
    "NotSpoken",
    "PlainContext",
    "Said",
    "StationContext",
    "Topology",
    "dialect_for",
]

_DIALECTS = {
    Version.V16: Dialect(Version.V16, V16, native=False),
    Version.V201: Dialect(Version.V201, V2, native=True),
    Version.V21: Dialect(Version.V21, V2, native=True),
}


def dialect_for(version: Version) -> Dialect:
    """The dialect of a version; one for all connections, it holds no state."""
    return _DIALECTS[version]

"""OCPP 2.0.1 and 2.1 in the house's words: the blocks whose messages become observations."""

from amperanto.dialects.v2 import (
    authorization,
    availability,
    device_model,
    diagnostics,
    firmware,
    local_authorization_list,
    meter_values,
    provisioning,
    reservation,
    security,
    transactions,
)
from amperanto.dialects.v2.words import V2

__all__ = ["V2"]

BLOCKS = (
    authorization,
    availability,
    device_model,
    diagnostics,
    firmware,
    local_authorization_list,
    meter_values,
    provisioning,
    reservation,
    security,
    transactions,
)

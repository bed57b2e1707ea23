"""OCPP 1.6 in the house's words, one file per functional block."""

from amperanto.dialects.v16 import (
    authorization,
    availability,
    data_transfer,
    diagnostics,
    firmware,
    later,
    local_authorization_list,
    meter_values,
    provisioning,
    remote_control,
    reservation,
    security,
    transactions,
)
from amperanto.dialects.v16.words import V16

__all__ = ["V16"]

BLOCKS = (
    authorization,
    availability,
    data_transfer,
    diagnostics,
    firmware,
    later,
    local_authorization_list,
    meter_values,
    provisioning,
    remote_control,
    reservation,
    security,
    transactions,
)

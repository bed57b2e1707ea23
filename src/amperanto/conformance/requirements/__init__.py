"""What the standard asks of a CSMS and of a station, block by block, in our own words."""

from amperanto.conformance.requirements import (
    authorization,
    availability,
    local_authorization_list,
    meter_values,
    meter_values_signed,
    meter_values_station,
    payment,
    provisioning,
    remote_control,
    reservation,
    tariff_and_cost,
    tariff_and_cost_station,
    transactions,
    transactions_station,
)
from amperanto.conformance.requirements.requirement import Requirement, Role, requirement

__all__ = ["BLOCKS", "Requirement", "Role", "requirement"]

BLOCKS: dict[str, tuple[str, tuple[Requirement, ...]]] = {
    "provisioning": ("B. Provisioning", provisioning.REQUIREMENTS),
    "authorization": ("C. Authorization", authorization.REQUIREMENTS),
    "payment": ("C. Payment (2.1)", payment.REQUIREMENTS),
    "local_authorization_list": ("D. Local authorization list", local_authorization_list.REQUIREMENTS),
    "transactions": ("E. Transactions", transactions.REQUIREMENTS + transactions_station.REQUIREMENTS),
    "remote_control": ("F. Remote control", remote_control.REQUIREMENTS),
    "availability": ("G. Availability", availability.REQUIREMENTS),
    "reservation": ("H. Reservation", reservation.REQUIREMENTS),
    "tariff_and_cost": ("I. Tariff and cost", tariff_and_cost.REQUIREMENTS + tariff_and_cost_station.REQUIREMENTS),
    "meter_values": (
        "J. Meter values",
        meter_values.REQUIREMENTS + meter_values_signed.REQUIREMENTS + meter_values_station.REQUIREMENTS,
    ),
}
"""Each block by its file name: its title, and what it asks."""

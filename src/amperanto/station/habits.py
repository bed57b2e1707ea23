"""What an OCPP version obliges a station to do, apart from how it is spelled.

Spelling is the dialects' work. These few habits are behaviour, and this table is the only place of the room
that tells versions apart.
"""

from __future__ import annotations

from dataclasses import dataclass

from amperanto.ocpp.versions import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How a station of one version behaves."""

    csms_numbers_transactions: bool = False
    """The CSMS names a transaction in its answer; until then nothing more can be said about it (1.6)."""
    register_stands_alone: bool = False
    """Start and stop carry the meter's figure themselves, not among sampled values (1.6)."""
    station_has_a_state: bool = False
    """The station as a whole reports a state beside its connectors (1.6 connector 0)."""
    has_configuration_keys: bool = False
    """There are keys that stand for no variable (1.6 NumberOfConnectors and others)."""
    states_are_events: bool = False
    """Connector states travel as NotifyEvent (2.1, G01)."""
    soft_reset_ends_transactions: bool = False
    """A reset on idle stops what runs instead of waiting for it (1.6 Soft)."""
    progress_has_two_forms: bool = False
    """TriggerMessage means the older messages about firmware and logs, ExtendedTriggerMessage the newer (1.6)."""
    list_version_tells_more: bool = False
    """The local list's version is -1 where there are no lists and 0 where it is empty (1.6)."""
    states_follow_a_table: bool = False
    """A connector tells nine states, of which not any may follow any (1.6 §4.9)."""
    availability_has_levels: bool = True
    """Station, EVSE and connector are each in service or not; else the station's word counts for all of them (1.6)."""
    unlock_ends_transaction: bool = False
    """Unlocking stops the transaction; in 2.x it is refused (F05)."""
    tells_unused_reservations: bool = False
    """A reservation whose token came without a car is told to have ended so (2.1, H03)."""

    resumes_transactions: bool = False
    """A transaction may go on after a loss of power or a restart (2.1, E17, B13)."""
    keeps_limits: bool = False
    """A transaction has limits of cost, energy, time and state of charge (2.1, E16)."""
    calculates_costs: bool = False
    """Tariffs can be given to the station, which calculates costs by them; one can pay there (2.1, I07-I12, C18)."""
    shows_costs: bool = False
    """Prices and costs are shown as 2.x says (I01-I06)."""
    signs_by_moment: bool = False
    """Readings at the start and in between are signed by variables of their own (2.1, J02)."""
    knows_network_profiles: bool = False
    """It can be told by network profiles where to connect (2.x, B09)."""
    profiles_are_variables: bool = False
    """They are a component of the device model, too (2.1, B09)."""
    may_charge_unheard: bool = False
    """It charges after a restart while no CSMS has answered its boot, offline (1.6 has no word on it)."""
    refused_is_suspended: bool = False
    """A car whose token the CSMS refused is told as SuspendedEVSE, not as EVConnected (2.0.1, E05)."""


HABITS = {
    Version.V16: Habits(
        csms_numbers_transactions=True,
        register_stands_alone=True,
        station_has_a_state=True,
        has_configuration_keys=True,
        soft_reset_ends_transactions=True,
        progress_has_two_forms=True,
        list_version_tells_more=True,
        unlock_ends_transaction=True,
        states_follow_a_table=True,
        availability_has_levels=False,
        may_charge_unheard=True,
    ),
    Version.V201: Habits(shows_costs=True, knows_network_profiles=True, refused_is_suspended=True),
    Version.V21: Habits(
        states_are_events=True,
        tells_unused_reservations=True,
        resumes_transactions=True,
        keeps_limits=True,
        calculates_costs=True,
        shows_costs=True,
        signs_by_moment=True,
        knows_network_profiles=True,
        profiles_are_variables=True,
    ),
}

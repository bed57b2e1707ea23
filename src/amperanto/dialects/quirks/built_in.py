"""All quirks: those that come with us, one file per vendor, and those of installed packages."""

from __future__ import annotations

from importlib.metadata import entry_points

from amperanto.dialects.quirks import (
    abb,
    abl,
    alfen,
    amperfied,
    autel,
    beny,
    chago,
    charge_amps,
    easee,
    en_plus,
    evbox,
    foxess,
    go_e,
    grizzl_e,
    growatt,
    hager,
    huawei,
    injet,
    legrand,
    mennekes,
    open_evse,
    phihong,
    schneider,
    star_charge,
    teison,
    tkt,
    vestel,
    wallbox,
)
from amperanto.dialects.quirks.quirk import Quirk, Quirks

GROUP = "amperanto.quirks"
BUILT_IN: tuple[Quirk, ...] = (
    abb.TERRA_AC,
    abl.ABL,
    alfen.EVE,
    amperfied.AMPERFIED,
    autel.MAXICHARGER,
    beny.BENY,
    chago.CHAGO,
    charge_amps.HALO,
    easee.EASEE,
    en_plus.EN_PLUS,
    evbox.EVBOX,
    foxess.A_SERIES,
    go_e.GO_E,
    grizzl_e.GRIZZL_E,
    growatt.THOR,
    hager.WITTY,
    huawei.FUSION_CHARGE,
    injet.SONIC,
    legrand.GREEN_UP,
    mennekes.ACU,
    open_evse.OPEN_EVSE,
    phihong.PHIHONG,
    schneider.EVLINK,
    star_charge.STAR_CHARGE,
    teison.TEISON,
    tkt.TKT,
    vestel.EVC04,
    wallbox.FIRMWARE_5,
    wallbox.FIRMWARE_6,
)


def known_quirks() -> Quirks:
    """The built-in quirks and those of installed packages. Raises QuirkConflict."""
    return Quirks((*BUILT_IN, *(entry.load() for entry in entry_points(group=GROUP))))

"""J. Meter values that are signed: what the standard and calibration law ask of the CSMS."""

from __future__ import annotations

from amperanto.conformance.requirements.requirement import ALL, Requirement, csms

REQUIREMENTS: tuple[Requirement, ...] = (
    csms("J02-signed-1", "A signed reading is kept byte for byte and can be checked with the meter's key.", ALL),
    csms("J02-signed-2", "A wrong signature, or energy that differs from the signed one, is not billed unseen.", ALL),
)

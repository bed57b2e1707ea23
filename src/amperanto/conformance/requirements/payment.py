"""C. Payment: what the standard asks."""

from __future__ import annotations

from amperanto.conformance.requirements.requirement import Requirement

REQUIREMENTS: tuple[Requirement, ...] = ()

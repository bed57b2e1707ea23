"""The text of a tariff for drivers (I01, I06): in their language where it has it, else the first it has."""

from __future__ import annotations

from amperanto.domain.decisions import PersonalMessage
from amperanto.domain.tariffs import Tariff

LONGEST = 1024


def in_words(tariff: Tariff, language: str | None) -> PersonalMessage | None:
    """The tariff in words, if it has any."""
    if not tariff.description:
        return None
    chosen = next((one for one in tariff.description if one.language == language), tariff.description[0])
    return PersonalMessage(chosen.content[:LONGEST], chosen.format, chosen.language)

"""Currencies: how many decimals their amounts have (ISO 4217, minor units).

An amount that is paid has exactly these decimals. Prices may have more: 0.2895 € per kWh is a price, not an amount.
A code of three capital letters that stands in no list here counts as one with two decimals, as most have.
"""

from __future__ import annotations

import re

_CODE = re.compile("[A-Z]{3}")
_NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"  # whole amounts only
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_FOUR = "CLF UYW"
_DECIMALS = {
    **dict.fromkeys(_NONE.split(), 0),
    **dict.fromkeys(_THREE.split(), 3),
    **dict.fromkeys(_FOUR.split(), 4),
}


def is_currency(code: str) -> bool:
    """Whether this is written as a currency code."""
    return _CODE.fullmatch(code) is not None


def decimals(code: str) -> int:
    """How many decimals an amount of that currency has."""
    return _DECIMALS.get(code, 2)

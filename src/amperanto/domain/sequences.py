"""Sequence numbers heard, as ranges: what proves that every report of a transaction came (E01; state_machines §4.2).

Ranges are (first, last), in order, neighbours merged. Their number is bounded: a station that skips number after number
must not make a transaction grow for ever.
"""

from __future__ import annotations

MOST_RANGES = 256
"""How many are remembered; a station that leaves more gaps has lost count."""

Ranges = tuple[tuple[int, int], ...]


def contains(ranges: Ranges, number: int) -> bool:
    """Whether the number was heard."""
    if not ranges or number > ranges[-1][1]:
        return False  # the usual news
    return any(first <= number <= last for first, last in ranges)


def with_number(ranges: Ranges, number: int) -> Ranges:
    """The ranges with one more number. Of too many the outer ones stay, so that they are never taken for whole."""
    if contains(ranges, number):
        return ranges
    if ranges and number == ranges[-1][1] + 1:
        return (*ranges[:-1], (ranges[-1][0], number))
    merged: list[tuple[int, int]] = []
    for first, last in sorted([*ranges, (number, number)]):
        if merged and merged[-1][1] + 1 >= first:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    if len(merged) > MOST_RANGES:
        merged = [*merged[: MOST_RANGES // 2], *merged[-MOST_RANGES // 2 :]]
    return tuple(merged)

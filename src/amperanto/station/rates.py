"""How often each fault of a line, a station or its meter happens (`faults.py`)."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """How often each fault happens, 0 to 1."""

    lose: float = 0.0
    double: float = 0.0
    late: float = 0.0
    strand: float = 0.0
    reuse_id: float = 0.0
    """Of the line, for each frame or message."""
    register_back: float = 0.0
    lifetime_stop: float = 0.0
    unit_mixed: float = 0.0
    jump: float = 0.0
    no_figure: float = 0.0
    previous_values: float = 0.0
    """Of the meter, for each transaction."""
    never_stop: float = 0.0
    stop_minus_one: float = 0.0
    wrong_reference: float = 0.0
    no_reference: float = 0.0
    """Of what is told of a transaction, for each."""
    reboot: float = 0.0
    lose_power: float = 0.0
    drop_socket: float = 0.0
    clock_jump: float = 0.0
    replay: float = 0.0
    """Of what happens in the middle of a transaction, for each."""
    clock_offset: float = 0.0
    clock_unset: float = 0.0
    clock_local: float = 0.0
    """Of the clock, for each station."""

    @classmethod
    def every(cls, rate: float) -> Rates:
        """All faults, equally often."""
        return cls(**{one.name: rate for one in fields(cls)})

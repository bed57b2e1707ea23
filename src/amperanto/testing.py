"""For tests of programs that use this house, its own included.

`SimulatedClock`: time that moves only when told to, and leaps over the waiting.
"""

from __future__ import annotations

from amperanto.station.clock import SimulatedClock

__all__ = ["SimulatedClock"]

"""The open streams of a server: they end before it stops, so that nobody waits for their listeners."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from amperanto.csms.records import Subscription


class Streams:
    """The open streams of this server: they end before it stops."""

    def __init__(self) -> None:
        self._open: set[Subscription] = set()

    @contextmanager
    def opened(self, frames: Subscription) -> Generator[Subscription]:
        """Listen as long as the stream lasts."""
        self._open.add(frames)
        try:
            yield frames
        finally:
            self._open.discard(frames)
            frames.close()

    def stop(self) -> None:
        """Let every stream end."""
        for frames in tuple(self._open):
            frames.close()

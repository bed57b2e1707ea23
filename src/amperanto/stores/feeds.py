"""What is read and tidied outside any message's unit: the message log and the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from amperanto.domain.stations import OrganisationId, StationId
from amperanto.stores.message_log import APPEND, LoggedMessage, Messages, row_of
from amperanto.stores.outbox import Outbox, OutboxEntry
from amperanto.stores.unit import Runner, Unit
from amperanto.stores.work import PAGE, Page
from amperanto.stores.writer import LARGEST_BULK_UNIT, Lane, Writer


class MessageLog:
    """The message log of the whole store."""

    __slots__ = ("_read", "_run", "_writer", "volume")

    def __init__(self, read: Messages, run: Runner, writer: Writer) -> None:
        self.volume = read.volume
        self._read = read
        self._run = run
        self._writer = writer

    def log_later(self, messages: Sequence[LoggedMessage]) -> None:
        """Keep these frames with a later group; nobody waits, and under a flood the oldest are lost (R7)."""
        self._writer.later(APPEND, [row_of(message) for message in messages])

    async def list(
        self,
        organisation: OrganisationId,
        *,
        station: StationId | None = None,
        action: str | None = None,
        before: str | None = None,
        limit: int = PAGE,
    ) -> Page[LoggedMessage]:
        """A page of frames, the newest first, those logged `later` included.

        `before` is a cursor or an instant.
        """
        await self._writer.flush()
        return await self._read.list(organisation, station=station, action=action, before=before, limit=limit)

    async def prune(self, older_than: datetime, max_rows: int = LARGEST_BULK_UNIT) -> int:
        """Remove about `max_rows` of the oldest frames older than that.

        Returns how many went (0: none is left).
        """

        async def work(unit: Unit) -> int:
            return await unit.messages.prune(older_than, max_rows)

        return await self._run(work, lane=Lane.BULK)


class Feed:
    """The outbox of the whole store, for those who pass events on."""

    __slots__ = ("_run", "read")

    def __init__(self, read: Outbox, run: Runner) -> None:
        self.read = read.read
        self._run = run

    async def advance(self, cursor_name: str, entries: Sequence[OutboxEntry]) -> None:
        """Note that these entries were passed on; the cursor survives a restart."""

        async def work(unit: Unit) -> None:
            unit.outbox.advance(cursor_name, entries)

        await self._run(work, lane=Lane.BULK)

    async def prune(self, older_than: datetime, max_rows: int = LARGEST_BULK_UNIT) -> int:
        """Remove about `max_rows` of the oldest events older than that.

        Returns how many went (0: none is left).
        """

        async def work(unit: Unit) -> int:
            return await unit.outbox.prune(older_than, max_rows)

        return await self._run(work, lane=Lane.BULK)

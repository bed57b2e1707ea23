"""How long-running commands end: Ctrl-C or SIGTERM asks, and what was begun is brought to its end."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


async def interrupted() -> None:
    """Return when the process is asked to end."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked.set)
    await asked.wait()


async def until_interrupted(work: Coroutine[Any, Any, T]) -> T | None:
    """The result of `work`, or None where the process was asked to end first; `work` is cancelled then."""
    task, asked = asyncio.create_task(work), asyncio.create_task(interrupted())
    try:
        await asyncio.wait({task, asked}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        for one in (task, asked):
            one.cancel()
            with suppress(asyncio.CancelledError):
                await one

"""A node as a process of its own, to be killed. `python -m tests.fault.server_process DATA PORT HTTP [INSTANT N]`.

With INSTANT the process kills itself at the N-th commit: `before` the COMMIT is said to the database, or `after` it
was, before anybody is answered. Both are SIGKILL: nothing is flushed, closed or said.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from amperanto import app
from amperanto.settings import in_memory
from amperanto.stores import sqlite
from amperanto.stores.groups import Control


def armed(instant: str, number: int) -> None:
    """Kill this process at the chosen commit: the one place that speaks to SQLite is wrapped, nothing replaced."""
    counter = itertools.count(1)
    take = sqlite._take  # pyright: ignore[reportPrivateUsage]

    def taken(connection: Any, step: Any) -> Any:
        if step is not Control.COMMIT or next(counter) != number:
            return take(connection, step)
        if instant == "after":
            take(connection, step)
        os.kill(os.getpid(), signal.SIGKILL)
        return None

    sqlite._take = taken  # pyright: ignore[reportPrivateUsage]


async def main(data: Path, port: int, http: int) -> None:
    settings = replace(in_memory(), data=data, database="", ocpp_port=port, http_port=http)
    await app.start(settings)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    where, ocpp_port, http_port, *instant = sys.argv[1:]
    if instant:
        armed(instant[0], int(instant[1]))
    asyncio.run(main(Path(where), int(ocpp_port), int(http_port)))

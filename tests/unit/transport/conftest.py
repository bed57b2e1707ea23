"""Every test here waits five seconds at most, whatever it waits for."""

import asyncio
import functools
import inspect
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        ours = isinstance(item, pytest.Function) and item.path.is_relative_to(HERE)
        if ours and inspect.iscoroutinefunction(item.obj):
            item.obj = bounded(item.obj)


def bounded(test):
    @functools.wraps(test)
    async def within_five_seconds(*args, **kwargs):
        async with asyncio.timeout(5):
            await test(*args, **kwargs)

    return within_five_seconds

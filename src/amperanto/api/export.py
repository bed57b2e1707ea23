"""Very long answers as files: rows as CSV or as a JSON object a line, written as they are read.

A CSV's columns are the fields of the row's type, in their order; what has parts is JSON in its cell. A text that a
spreadsheet would take for a formula begins with an apostrophe there (CWE-1236).
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec
from litestar.response import Stream
from msgspec import Struct

ROWS_AT_ONCE = 200
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Form(StrEnum):
    """The file's form."""

    CSV = "csv"
    JSONL = "jsonl"


def streamed(rows: AsyncIterator[Struct], kind: type[Struct], form: Form, name: str) -> Stream:
    """The rows of that type as a file of that name."""
    lines = _csv(rows, kind) if form is Form.CSV else _jsonl(rows)
    return Stream(
        lines,
        media_type="text/csv; charset=utf-8" if form is Form.CSV else "application/jsonl",
        headers={"content-disposition": f'attachment; filename="{name}.{form}"', "cache-control": "no-store"},
    )


async def _jsonl(rows: AsyncIterator[Struct]) -> AsyncIterator[bytes]:
    lines: list[bytes] = []
    async for row in rows:
        lines.append(_ENCODER.encode(row) + b"\n")
        if len(lines) == ROWS_AT_ONCE:
            yield b"".join(lines)
            lines.clear()
    yield b"".join(lines)


async def _csv(rows: AsyncIterator[Struct], kind: type[Struct]) -> AsyncIterator[bytes]:
    names = kind.__struct_fields__
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(names)
    waiting = 0
    async for row in rows:
        writer.writerow([_cell(getattr(row, name)) for name in names])
        waiting += 1
        if waiting == ROWS_AT_ONCE:
            yield _taken(text)
            waiting = 0
    yield _taken(text)


def _taken(text: io.StringIO) -> bytes:
    data = text.getvalue().encode()
    text.seek(0)
    text.truncate()
    return data


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else str(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    return _ENCODER.encode(value).decode().strip('"')

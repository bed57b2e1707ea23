"""Frames in pieces of any size: what is handed on is what the library would, in the same order."""

import asyncio
import logging
import struct
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.frames import Opcode
from websockets.protocol import OPEN, SERVER, Protocol

from amperanto.transport.websocket.sockets import Ears

LIMIT = 70_000
QUIET = logging.getLogger("quiet")  # a logger that wants every frame gets every frame from the library
QUIET.setLevel(logging.WARNING)


class Wire(asyncio.Transport):
    """A line that keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))

    def can_write_eof(self) -> bool:
        return False

    def close(self) -> None: ...

    def abort(self) -> None: ...

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...


def masked(first: int, data: bytes, wide: int = 0) -> bytes:
    """A client's frame; `wide` 1 or 2 writes its size in more bytes than it needs, as the library lets pass."""
    size, mask = len(data), b"\x01\x80\xfe\x7f"
    if size < 126 and not wide:
        head = struct.pack("!BB", first, 0x80 | size)
    elif size < 65536 and wide < 2:
        head = struct.pack("!BBH", first, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", first, 0x80 | 127, size)
    return head + mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))


Texts = st.one_of(st.text(max_size=8), st.text("é[{x", min_size=100, max_size=140), st.just("x" * 65_536))
Frames = st.one_of(
    st.builds(lambda text, wide: [masked(0x81, text.encode(), wide)], Texts, st.integers(0, 2)),
    st.builds(lambda a, b: [masked(0x01, a.encode()), masked(0x80, b.encode())], Texts, Texts),
    st.builds(
        lambda a, b: [masked(0x01, a.encode()), masked(0x89, b"ping"), masked(0x80, b.encode())], Texts, st.text()
    ),
    st.just([masked(0x89, b"ping")]),
    st.just([masked(0x8A, b"pong")]),
    st.sampled_from(
        [
            [masked(0x81, b"\xff")], [masked(0xC1, b"x")], [masked(0x82, b"x")], [masked(0x88, b"\x03\xe8")],
            [masked(0x81, b"y" * (LIMIT + 1))], [b"\x81\x01x"], [masked(0x80, b"x")], [masked(0x83, b"x")],
            [b"\x81\xff\0\0\0\0\0\0"],
        ]
    ),
)  # fmt: skip


class Noted(Ears):
    """Ears that keep the frames nobody took, instead of waiting for `recv`."""

    def __init__(self, protocol: Protocol, told: list[Any]) -> None:
        super().__init__(protocol, ping_interval=None)
        self.told = told

    def process_event(self, event: Any) -> None:
        if self.sink is None or not self._takes(event):
            self.told.append((event.opcode, bytes(event.data), event.fin))


async def heard(pieces: list[bytes], *, sink: bool) -> tuple[list[Any], list[bytes], int | None]:
    """What was told, what was written back, and the code it was closed with."""
    protocol, wire, told = Protocol(SERVER, state=OPEN, max_size=LIMIT, logger=QUIET), Wire(), list[Any]()
    ears = Noted(protocol, told)
    ears.connection_made(wire)

    def take(text: str) -> bool:
        told.append((Opcode.TEXT, text.encode(), True))
        return True

    ears.sink = take if sink else None
    for piece in pieces:
        ears.data_received(piece)
    return told, wire.written, None if protocol.close_sent is None else protocol.close_sent.code


@settings(max_examples=150, deadline=None)
@given(st.lists(Frames, max_size=6), st.data())
def test_whatever_the_pieces_the_texts_and_the_end_are_the_librarys(told: list[list[bytes]], data: st.DataObject):
    frames = [frame for group in told for frame in group]
    whole, cut = b"".join(frames), data.draw(st.booleans())
    pieces = frames
    if cut and len(whole) > 1:
        places = sorted({0, len(whole), *data.draw(st.lists(st.integers(0, len(whole)), max_size=8))})
        pieces = [whole[first:last] for first, last in pairwise(places)]
    ours = asyncio.run(heard(pieces, sink=True))
    assert ours == asyncio.run(heard([whole] if whole else [], sink=False))


INNER = masked(0x81, b"not a text")
ONE = masked(0x81, b"one")
HARD = {
    "the beginning of a size in eight bytes": [ONE, b"\x81\xff\0\0\0\0\0\0", b"\0\x01\0\0\0\0x"],
    "what a frame holds looks like one": [ONE, struct.pack("!BB", 0x81, 0x80 | len(INNER)) + b"\0\0\0\0", INNER, ONE],
    "a mask that looks like a frame's beginning": [ONE, b"\x81\x86", b"\x81\x80\0\0\0\0", b"\0\0\0\0", ONE],
    "a text amid a text": [ONE, masked(0x01, b"a"), ONE, masked(0x80, b"b")],
    "two at once": [ONE, ONE + ONE, ONE],
}


@pytest.mark.parametrize("pieces", HARD.values(), ids=HARD)
async def test_pieces_that_look_like_whole_texts_are_none(pieces: list[bytes]):
    assert await heard(pieces, sink=True) == await heard([b"".join(pieces)], sink=False)


async def test_after_the_first_a_whole_text_in_one_piece_does_not_reach_the_library():
    ears = Noted(Protocol(SERVER, state=OPEN, max_size=LIMIT, logger=QUIET), [])
    ears.connection_made(Wire())
    taken: list[str] = []
    ears.sink = lambda text: taken.append(text) is None
    parsed: list[bytes] = []
    feed = ears.protocol.reader.feed_data
    ears.protocol.reader.feed_data = lambda data: (parsed.append(data), feed(data))[1]  # type: ignore[method-assign]
    pieces = [masked(0x81, text.encode(), wide) for text, wide in (("a", 0), ("b", 0), ("c", 1), ("d", 2), ("e", 0))]
    for piece in pieces:
        ears.data_received(piece)
    assert taken == ["a", "b", "c", "d", "e"]
    assert parsed == [pieces[0], pieces[3]]

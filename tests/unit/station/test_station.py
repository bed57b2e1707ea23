"""Whatever a CSMS validly asks, the station answers validly and lives on."""

import asyncio
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws.published import is_valid, payloads, published
from tests.unit.station.scripted import ALL, DRIVER, scene

from amperanto.ocpp.catalogue import exchanges
from amperanto.station import Vehicle

ASKED = {
    version: [row for row in exchanges(version) if row.sender != "station" and row.response is not None]
    for version in ALL
}


def commands(version):
    """Valid commands of a version."""

    def of(row):
        name = row.request.__name__
        return st.tuples(st.just(row), payloads(published(version, name), published(version, name)))

    return st.lists(st.sampled_from(ASKED[version]).flatmap(of), min_size=1, max_size=8)


@pytest.mark.parametrize("version", ALL)
@settings(max_examples=25)
@given(data=st.data())
def test_every_valid_command_gets_one_valid_answer(version, data):
    asked = data.draw(commands(version))

    async def play():
        async with scene(version, evses=2) as (station, csms, clock):
            await station.plug_in(1, Vehicle())
            await clock.until(station.present(DRIVER, 1))
            for number, (row, payload) in enumerate(asked):
                csms.link.arrive(json.dumps([2, f"q{number}", row.action, payload]))
                await clock.advance(2)
            await clock.advance(60)
            answers = {frame[1]: frame for frame in csms.frames if frame[0] != 2}
            for number, (row, _) in enumerate(asked):
                if f"q{number}" not in answers:
                    # Only a station that restarts meanwhile may leave something unanswered.
                    assert len(csms.connected_at) > 1
                    continue
                answer = answers[f"q{number}"]
                assert answer[0] in (3, 4)
                if answer[0] == 3:
                    assert is_valid(version, row.response.__name__, answer[2])
            for action, payload in csms.heard:
                assert is_valid(version, f"{action}Request", payload)

    asyncio.run(play())

"""Words, absent fields and the parts of messages."""

import copy
import pickle

from amperanto.ocpp import v2, v16
from amperanto.ocpp.shapes import UNSET, is_set, or_none, unless_none


def test_an_unknown_word_is_kept_compared_and_copied_as_its_text() -> None:
    word = v16.Measurand.keep("Wind.Speed")
    assert word == "Wind.Speed"
    assert not word.is_known
    assert isinstance(word, v16.Measurand)
    assert copy.deepcopy([word]) == [word]
    assert pickle.loads(pickle.dumps(word)) == word
    assert v16.Measurand.keep("Voltage") is v16.Measurand.VOLTAGE
    assert v16.Measurand.VOLTAGE.is_known


def test_an_absent_field_is_unset_and_none_outside() -> None:
    info = v2.IdTokenInfo(status=v2.AuthorizationStatus.ACCEPTED)
    assert not is_set(info.language1)
    assert or_none(info.language1) is None
    assert unless_none(None) is UNSET
    assert unless_none("de") == "de"

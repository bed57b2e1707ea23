"""RPC error codes in the spelling of each version."""

from amperanto.ocpp import Code, Malformed, Missing, Version
from amperanto.ocpp.errors import read_code, spell


def test_each_version_writes_its_own_spelling() -> None:
    assert [Malformed().spelled(version) for version in Version] == [
        "FormationViolation",
        "FormatViolation",
        "FormatViolation",
    ]
    assert [Missing().spelled(version) for version in Version] == [
        "OccurenceConstraintViolation",
        "OccurrenceConstraintViolation",
        "OccurrenceConstraintViolation",
    ]


def test_16_writes_only_its_own_ten_codes() -> None:
    ten = {
        "NotImplemented", "NotSupported", "InternalError", "ProtocolError", "SecurityError", "FormationViolation",
        "PropertyConstraintViolation", "OccurenceConstraintViolation", "TypeConstraintViolation", "GenericError",
    }  # fmt: skip
    assert {spell(code, Version.V16) for code in Code} == ten


def test_every_spelling_is_read_on_every_version() -> None:
    for version in Version:
        for code in Code:
            if code not in (Code.RPC_FRAMEWORK_ERROR, Code.MESSAGE_TYPE_NOT_SUPPORTED):
                assert read_code(spell(code, version)) is code
    assert read_code("Whatever") is Code.GENERIC_ERROR

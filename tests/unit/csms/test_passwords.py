"""Station passwords: one secret in two spellings, kept as a hash."""

from __future__ import annotations

import asyncio

from amperanto.csms.passwords import SHORTEST, Passwords, generated

KEY = "0001020304050607FFFFFFFFFFFFFFFFFFFFFFFF"  # the example of OCPP-J 1.6


async def test_a_key_is_the_same_secret_as_bytes_and_as_hexadecimal_text_of_either_case():
    passwords = Passwords()
    for registered in (KEY.encode(), bytes.fromhex(KEY)):
        kept = await passwords.hash(registered)
        for sent in (KEY.encode(), KEY.lower().encode(), bytes.fromhex(KEY)):
            assert await passwords.verify(kept, sent)


async def test_what_is_no_key_is_compared_as_it_is():
    passwords = Passwords()
    kept = await passwords.hash(b"a-password-of-24-letters")
    assert await passwords.verify(kept, b"a-password-of-24-letters")
    assert not await passwords.verify(kept, b"A-password-of-24-letters")
    assert not await passwords.verify(kept, b"")
    assert not await passwords.verify(None, b"a-password-of-24-letters")


async def test_a_changed_password_is_not_remembered_as_right():
    passwords = Passwords(remembered=1)
    old, new = await asyncio.gather(passwords.hash(b"the old password"), passwords.hash(b"the new password"))
    assert await passwords.verify(old, b"the old password")
    assert not await passwords.verify(new, b"the old password")
    assert await passwords.verify(new, b"the new password")
    assert await passwords.verify(old, b"the old password")  # forgotten, and found right again


async def test_the_hash_tells_nothing_and_is_another_each_time():
    passwords = Passwords()
    first, second = await passwords.hash(b"a-password-of-24-letters"), await passwords.hash(b"a-password-of-24-letters")
    assert first != second
    assert "password" not in first


async def test_a_generated_password_suits_every_version_and_is_never_the_same():
    first, second = generated(), generated()
    assert first != second
    assert SHORTEST <= len(first) <= 40  # 1.6: at most 40 hexadecimal digits; 2.x: at least 16 characters
    bytes.fromhex(first)

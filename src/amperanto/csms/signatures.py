"""Signatures of meters: whether the bytes of a signed reading belong to a key (ECDSA over the curves in use).

A key is an ASN.1 SubjectPublicKeyInfo, or a bare point of the record's curve, in hex or base64, as meters and their
labels write it; 2.1 puts `oca:base16:asn1:` before it. Curves: secp192r1, 224r1, 256r1, 384r1, 521r1, secp256k1,
brainpool P256r1, P384r1 and P512r1 (the OCMF list but for secp192k1, which the library does not have).
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP192R1,
    SECP224R1,
    SECP256K1,
    SECP256R1,
    SECP384R1,
    SECP521R1,
    BrainpoolP256R1,
    BrainpoolP384R1,
    BrainpoolP512R1,
    EllipticCurve,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from amperanto.domain.errors import BadMeterKey, SignedValueUnreadable
from amperanto.domain.meter_values import SignedValue
from amperanto.domain.signed_values import OCMF, SignedRecord, Verdict, format_of, read_record

_CURVES: dict[str, type[EllipticCurve]] = {
    "secp192r1": SECP192R1, "secp224r1": SECP224R1, "secp256r1": SECP256R1, "secp384r1": SECP384R1,
    "secp521r1": SECP521R1, "secp256k1": SECP256K1, "brainpool256r1": BrainpoolP256R1,
    "brainpoolp256r1": BrainpoolP256R1, "brainpool384r1": BrainpoolP384R1, "brainpoolp384r1": BrainpoolP384R1,
    "brainpoolp512r1": BrainpoolP512R1,
}  # fmt: skip
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "SHA256": hashes.SHA256, "SHA384": hashes.SHA384, "SHA512": hashes.SHA512,
}  # fmt: skip
_PREFIXES = ("oca:base16:asn1:", "oca:base64:asn1:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A signed reading with what it is worth. `words` says why; `record` is there where it could be read."""

    verdict: Verdict
    words: str
    record: SignedRecord | None = None
    key: str = ""


def normal_key(text: str, curve: str = "") -> str:
    """The key as hex of its SubjectPublicKeyInfo; a bare point needs its curve. Raises BadMeterKey."""
    return _spki(_key(text, curve)).hex()


def check(signed: SignedValue, registered: str | None) -> Checked:
    """What a signed reading is worth, given the key registered for its meter (as `normal_key` writes it), if any."""
    form = format_of(signed)
    if form != OCMF:
        return Checked(verdict=Verdict.UNSUPPORTED, words=f"the format {form!r} cannot be checked here")
    try:
        record = read_record(signed)
    except SignedValueUnreadable as error:
        return Checked(verdict=Verdict.UNREADABLE, words=str(error))
    if record.curve not in _CURVES or record.digest not in _HASHES or not record.algorithm.startswith("ECDSA"):
        return Checked(verdict=Verdict.UNSUPPORTED, words=f"{record.algorithm} cannot be checked here", record=record)
    return _checked(record, signed.public_key, registered)


def _checked(record: SignedRecord, told: str, registered: str | None) -> Checked:
    """The signature against the registered key, else against the one that came with it."""
    try:
        own = normal_key(told, record.curve) if told else None
    except BadMeterKey as error:
        if registered is None:
            return Checked(verdict=Verdict.UNREADABLE, words=f"the key that came with it: {error}", record=record)
        own = None
    key = registered or own
    if key is None:
        words = "nobody knows the meter's public key; register it for this EVSE"
        return Checked(verdict=Verdict.NO_KEY, words=words, record=record)
    if _is_signed(record, key):
        if registered is None:
            words = "the signature is right, by a key only the station told; register the meter's key to be sure"
            return Checked(verdict=Verdict.SELF_SIGNED, words=words, record=record, key=key)
        return Checked(
            verdict=Verdict.VALID, words="signed with the key registered for this meter", record=record, key=key
        )
    if registered is not None and own not in (None, registered) and _is_signed(record, own):
        words = "signed with another key than the one registered for this meter"
        return Checked(verdict=Verdict.OTHER_KEY, words=words, record=record, key=own)
    return Checked(
        verdict=Verdict.INVALID, words="the signature does not belong to these readings", record=record, key=key
    )


def _is_signed(record: SignedRecord, key: str | None) -> bool:
    try:
        public = _key(key or "", record.curve)
    except BadMeterKey:
        return False
    algorithm = ECDSA(_HASHES[record.digest]())
    for signature in _forms(record.signature, public.curve):
        try:
            public.verify(signature, record.content, algorithm)
        except (InvalidSignature, UnsupportedAlgorithm, ValueError):
            continue
        return True
    return False


def _forms(signature: bytes, curve: EllipticCurve) -> list[bytes]:
    """The signature in DER, and as DER where it stands as bare r and s."""
    size = (curve.key_size + 7) // 8
    if len(signature) != 2 * size:
        return [signature]
    r, s = int.from_bytes(signature[:size]), int.from_bytes(signature[size:])
    return [signature, encode_dss_signature(r, s)]


def _key(text: str, curve: str) -> EllipticCurvePublicKey:
    data = _bytes(text)
    try:
        found = load_der_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        return _point(data, curve)
    if not isinstance(found, EllipticCurvePublicKey):
        raise BadMeterKey("it is a key, but not of an elliptic curve")
    return found


def _point(data: bytes, curve: str) -> EllipticCurvePublicKey:
    kind = _CURVES.get(curve.casefold())
    if kind is None:
        raise BadMeterKey("it is no public key in ASN.1, and a bare point needs the name of its curve")
    size = (kind().key_size + 7) // 8
    for form in (data, b"\x04" + data) if len(data) == 2 * size else (data,):
        try:
            return EllipticCurvePublicKey.from_encoded_point(kind(), form)
        except (ValueError, UnsupportedAlgorithm):
            continue
    raise BadMeterKey(f"it is neither a public key in ASN.1 nor a point of {curve}")


def _bytes(text: str) -> bytes:
    plain = "".join(text.split())
    for prefix in _PREFIXES:
        plain = plain.removeprefix(prefix)
    try:
        return bytes.fromhex(plain)
    except ValueError:
        pass
    try:
        return b64decode(plain, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadMeterKey("a public key is written in hex or base64") from error


def _spki(key: EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

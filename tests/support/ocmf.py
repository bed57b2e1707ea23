"""Meters that sign, for tests: OCMF records written and signed by hand, not by the code that reads them."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

NAMES = {
    "secp192r1": ec.SECP192R1, "secp256r1": ec.SECP256R1, "secp256k1": ec.SECP256K1, "secp384r1": ec.SECP384R1,
    "secp521r1": ec.SECP521R1, "brainpool256r1": ec.BrainpoolP256R1, "brainpool384r1": ec.BrainpoolP384R1,
}  # fmt: skip


class Meter:
    """A meter with a key of its own."""

    def __init__(self, curve: str = "secp256r1") -> None:
        self.curve = curve
        self.private = ec.generate_private_key(NAMES[curve]())
        self.page = 0

    @property
    def key(self) -> str:
        """Its public key as it stands on the label."""
        return self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex().upper()

    @property
    def point(self) -> str:
        """Its public key as a bare point."""
        return self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint).hex()

    def sign(self, *readings: tuple[str, str], unit: str = "kWh", encoding: str = "hex", **more: Any) -> str:
        """A record with these readings, each its kind (B, E …) and register."""
        self.page += 1
        told: list[dict[str, Any]] = []
        for number, (kind, register) in enumerate(readings):
            one: dict[str, Any] = {"TM": f"2026-05-01T12:{number:02}:00,000+0200 S", "TX": kind, "RV": register}
            if number == 0:
                one |= {"RI": "1-b:1.8.0", "RU": unit, "ST": "G", "EF": ""}
            told.append(one)
        payload = {"FV": "1.0", "PG": f"T{self.page}", "MS": "METER-7", "IS": True, "ID": "04A2B3", "RD": told, **more}
        # A meter writes its register as a number with all its digits.
        text = re.sub(r'"RV":"([0-9.]+)"', r'"RV":\1', json.dumps(payload, separators=(",", ":")))
        signature = self.private.sign(text.encode(), ec.ECDSA(hashes.SHA256()))
        said = {"SA": f"ECDSA-{self.curve}-SHA256", "SE": encoding}
        said["SD"] = signature.hex() if encoding == "hex" else b64encode(signature).decode()
        return f"OCMF|{text}|{json.dumps(said)}"

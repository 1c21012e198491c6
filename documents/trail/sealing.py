"""Sealing (ปิดผนึก): short texts kept in the database that only this installation can read.

The key follows from the installation's own secret, which stands outside the database: a copy of the database alone
opens nothing. What is sealed is bound to where it stands, so that it opens nowhere else.
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE = 12  # bytes, as AES-GCM wants them

_key = None


class WrongSeal(Exception):
    """Sealed under another secret, changed since, or moved to another place."""


def configure(secret):
    """Tell the installation's secret (text)."""
    global _key
    _key = HKDF(SHA256(), 32, salt=None, info=b"khet sealing").derive(secret.encode())


def seal(text, place):
    """`text` as bytes that only `opened` with the same `place` (text: the id and field of its document) reads."""
    nonce = secrets.token_bytes(NONCE)
    return nonce + AESGCM(_key).encrypt(nonce, text.encode(), place.encode())


def opened(sealed, place):
    """The text that was sealed for this place. Raises WrongSeal."""
    try:
        return AESGCM(_key).decrypt(sealed[:NONCE], sealed[NONCE:], place.encode()).decode()
    except (InvalidTag, ValueError) as error:
        raise WrongSeal() from error

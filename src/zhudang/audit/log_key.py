"""The log's own key: Ed25519, made at first use, its private half in the folder of secrets and nowhere else."""

from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

from zhudang.shared.secret_files import made_once


def sign(message: bytes) -> tuple[str, str]:
    """Sign with this installation's key; gives public key and signature as hex."""
    key = _key()
    return _public(key), key.sign(message).hex()


def is_signed(message: bytes, *, key: str, signature: str) -> bool:
    """Whether the signature is that key's over these bytes; whatever is no key or no signature is not."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def own_key() -> str:
    """The public half as hex; empty where this installation has none (yet)."""
    return _public(_read(_path().read_bytes())) if _path().is_file() else ""


def _public(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes_raw().hex()


def _path() -> Path:
    return Path(settings.DATA) / "secrets" / "log-key.pem"


def _key() -> Ed25519PrivateKey:
    return _read(made_once(_path(), _make))


def _read(pem: bytes) -> Ed25519PrivateKey:
    key = serialization.load_pem_private_key(pem, None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError("secrets/log-key.pem holds no Ed25519 key")
    return key


def _make() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )

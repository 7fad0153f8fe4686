"""Batch signatures: who may speak for a log is decided by a key that no database holds.

What is signed (Ed25519, RFC 8032), so that a verifier needs nothing but these bytes: four lines of UTF-8 text, each ended
by a line feed, then the leaf hashes of the batch in order, 32 bytes each (RFC 6962: SHA-256 of 0x00 and the record):

    minutebook batch v1
    <log name>
    <key id>
    <batch id, a UUID in lower case with hyphens>
    <leaf hashes>

The key id is the first 8 bytes of the SHA-256 of the raw public key, in hex.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

PRIVATE_FILE = "batch-key.pem"
PUBLIC_FILE = "batch-keys.json"


def leaf_hash(record: bytes) -> bytes:
    """RFC 6962 leaf hash of a record."""
    return sha256(b"\0" + record).digest()


def signed_bytes(log: str, key_id: str, batch: UUID, leaves: bytes) -> bytes:
    """The exact bytes that a batch signature covers."""
    return f"minutebook batch v1\n{log}\n{key_id}\n{batch}\n".encode() + leaves


def key_id_of(public: Ed25519PublicKey) -> str:
    """Short name of a public key."""
    return sha256(public.public_bytes_raw()).digest()[:8].hex()


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The public keys that a log has been signed with, by key id."""

    keys: Mapping[str, Ed25519PublicKey]

    @classmethod
    def load(cls, directory: Path) -> "KeyRing":
        """Reads the ring that lies beside the private key. Raises FileNotFoundError."""
        return cls.from_json((directory / PUBLIC_FILE).read_bytes())

    @classmethod
    def from_json(cls, text: bytes) -> "KeyRing":
        """A ring as published: an object of key ids and raw public keys in hex. Raises ValueError on a wrong id."""
        keys = {name: Ed25519PublicKey.from_public_bytes(bytes.fromhex(raw)) for name, raw in orjson.loads(text).items()}
        for name, public in keys.items():
            if name != key_id_of(public):
                raise ValueError(f"key {name} is listed under a wrong id: it is {key_id_of(public)}")
        return cls(keys)

    def to_json(self) -> bytes:
        """The ring as published."""
        return orjson.dumps({name: key.public_bytes_raw().hex() for name, key in self.keys.items()}, option=orjson.OPT_SORT_KEYS)

    def verifies(self, log: str, key_id: str, batch: UUID, leaves: bytes, signature: bytes) -> bool:
        """Whether the signature is that of a known key over this batch of this log."""
        key = self.keys.get(key_id)
        if key is None:
            return False
        try:
            key.verify(signature, signed_bytes(log, key_id, batch, leaves))
        except InvalidSignature:
            return False
        return True


class BatchSigner:
    """Signs batches with the service's key. Every process of the service has the same key."""

    def __init__(self, private: Ed25519PrivateKey, ring: KeyRing) -> None:
        self._private = private
        self.ring = ring
        self.key_id = key_id_of(private.public_key())

    @classmethod
    def open(cls, directory: Path) -> "BatchSigner":
        """The key in `directory`, made (0600) at the first start. Keys of earlier days stay in the ring beside it."""
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = directory / PRIVATE_FILE
        if not path.exists():
            _make(path)
        private = load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(private, Ed25519PrivateKey):
            raise ValueError(f"{path} holds no Ed25519 key")
        public = private.public_key()
        ring = KeyRing.load(directory) if (directory / PUBLIC_FILE).exists() else KeyRing({})
        if key_id_of(public) not in ring.keys:
            ring = KeyRing({**ring.keys, key_id_of(public): public})
            _write(directory / PUBLIC_FILE, ring.to_json(), 0o644).replace(directory / PUBLIC_FILE)
        return cls(private, ring)

    def sign(self, log: str, batch: UUID, leaves: bytes) -> bytes:
        """64 bytes over `signed_bytes`."""
        return self._private.sign(signed_bytes(log, self.key_id, batch, leaves))


def _make(path: Path) -> None:
    """A new private key at path, unless another process made one first."""
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    made = _write(path, pem, 0o600)
    try:
        os.link(made, path)
    except FileExistsError:
        pass
    made.unlink()


def _write(beside: Path, content: bytes, mode: int) -> Path:
    """A durable file of this process beside the one named, to be moved there in one step."""
    path = beside.with_suffix(f".{os.getpid()}")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return path

"""Personal data and free text: the record holds a salted digest, the text lives beside it and can be erased.

The disclosure is that of RFC 9901 (SD-JWT): base64url of the JSON array [salt, name, value]; the record holds the base64url SHA-256 of the
disclosure string itself, so no question of canonical form arises. Rules see the value as opaque.
"""

import base64
import hashlib
import secrets
from typing import Any, Generic, TypeVar, get_args

import orjson
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

T = TypeVar("T")
RECORD = {"record": True}
"""The validation context in which digests are read back from a record; a client may send clear values only."""
PLAIN = {"plain": True}
"""The serialisation context in which a clear value is written as it was sent."""


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Personal(Generic[T]):
    """A value of type T whose digest is in the record. `disclosure` is None once it was read back from the record."""

    __slots__ = ("digest", "disclosure", "subject")

    def __init__(self, digest: str, disclosure: str | None = None, subject: str | None = None) -> None:
        self.digest, self.disclosure, self.subject = digest, disclosure, subject

    @classmethod
    def seal(cls, value: Any, name: str = "text", subject: str | None = None) -> "Personal[T]":
        """Salt `value` (128 bits) and take its digest; `subject` is the person whose key protects it, None for a free text."""
        array = orjson.dumps([_b64(secrets.token_bytes(16)), name, value])
        disclosure = _b64(array)
        return cls(_b64(hashlib.sha256(disclosure.encode()).digest()), disclosure, subject)

    def of(self, subject: str) -> "Personal[T]":
        """The same value, protected by the key of `subject`."""
        return Personal(self.digest, self.disclosure, subject)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Personal) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"Personal({self.digest[:8]}…)"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        inner = handler.generate_schema((get_args(source) or (str,))[0])

        def sealed(value: Any, handle: core_schema.ValidatorFunctionWrapHandler, info: core_schema.ValidationInfo) -> Any:
            if isinstance(value, Personal):
                return value
            if isinstance(value, dict) and (info.context or {}).get("record"):
                return cls(str(value["_sd"]), None, value.get("of"))
            return cls.seal(handle(value), getattr(info, "field_name", None) or "text")

        def written(value: "Personal[Any]", info: core_schema.SerializationInfo) -> Any:
            context = info.context or {}
            if context.get("plain") and value.disclosure is not None:
                return opened(value.disclosure)
            collected = context.get("disclosures")
            if collected is not None and value.disclosure is not None:
                collected.append(value)
            return {"_sd": value.digest} if value.subject is None else {"_sd": value.digest, "of": value.subject}

        return core_schema.with_info_wrap_validator_function(
            sealed,
            inner,
            serialization=core_schema.plain_serializer_function_ser_schema(written, info_arg=True, when_used="json"),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        if handler.mode == "serialization":
            properties = {"_sd": {"type": "string"}, "of": {"type": "string"}}
            return {"type": "object", "properties": properties, "required": ["_sd"], "title": "Disclosure digest"}
        return handler(schema["schema"])


def opened(disclosure: str) -> Any:
    """The value in a disclosure string; raises ValueError when it is not one."""
    array = orjson.loads(base64.urlsafe_b64decode(disclosure + "=" * (-len(disclosure) % 4)))
    if not isinstance(array, list) or len(array) != 3:
        raise ValueError("not a disclosure: expected [salt, name, value]")
    return array[2]


def digest_of(disclosure: str) -> str:
    """The digest that stands in the record for this disclosure."""
    return _b64(hashlib.sha256(disclosure.encode()).digest())

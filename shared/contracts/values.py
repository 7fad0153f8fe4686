"""Values that events and commands are made of: bounded, frozen, exact."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, StringConstraints

ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,79}$"


_set = object.__setattr__


class Frozen(BaseModel):
    """A value that never changes: unknown members are refused, defaults are validated too."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_timedelta="iso8601", use_attribute_docstrings=True)

    def replace(self, **changes: Any) -> Self:
        """A copy with `changes`; the values are taken as they are."""
        # What model_copy does for models like these, without its detours: every event of a fold comes through here.
        copied = object.__new__(type(self))
        _set(copied, "__dict__", {**self.__dict__, **changes})
        _set(copied, "__pydantic_fields_set__", self.__pydantic_fields_set__ | changes.keys())
        _set(copied, "__pydantic_extra__", None)
        _set(copied, "__pydantic_private__", None)
        return copied


Id = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
"""An opaque identifier: letters, digits and . _ : - (at most 80)."""
PersonId = Annotated[Id, Field(json_schema_extra={"format": "person"})]
OfficeId = Annotated[Id, Field(json_schema_extra={"format": "office"})]
InitiativeId = Id


def _printable(text: str) -> str:
    if any(ord(character) < 32 and character not in "\n\t" for character in text):
        raise ValueError("holds control characters; remove them")
    return text


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300), AfterValidator(_printable)]
"""One line, 1 to 300 characters."""
Text = Annotated[
    str,
    BeforeValidator(lambda value: value.replace("\r\n", "\n") if isinstance(value, str) else value),
    StringConstraints(strip_whitespace=True, min_length=1, max_length=8000),
    AfterValidator(_printable),
    Field(json_schema_extra={"format": "textarea"}),
]
"""Several lines, 1 to 8,000 characters."""
Count = Annotated[int, Field(strict=True, ge=0, le=2**31 - 1)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$"), Field(json_schema_extra={"format": "sha256"})]
"""The lower-case hexadecimal SHA-256 of some bytes."""
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
"""An ISO 4217 code."""


def plain(amount: Decimal) -> str:
    """`amount` without exponent and without a negative zero."""
    return format(amount if amount else abs(amount), "f")


def _exact(value: Any) -> Any:
    if isinstance(value, float):
        raise ValueError("is a binary fraction; write the amount as text, such as '12.50'")
    return value.strip().replace(",", "") if isinstance(value, str) else value


Amount = Annotated[
    Decimal,
    BeforeValidator(_exact),
    Field(max_digits=20, decimal_places=6, allow_inf_nan=False),
    PlainSerializer(plain, return_type=str, when_used="json"),
]
"""An exact decimal; a string such as "375.90" on the wire."""


def _milliseconds(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("has no offset; write it as 2026-03-31T09:00:00Z")
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def rfc3339(moment: datetime) -> str:
    """`moment` in UTC with milliseconds: 2026-03-31T09:00:00.000Z (RFC 3339)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


Moment = Annotated[datetime, AfterValidator(_milliseconds), PlainSerializer(rfc3339, return_type=str, when_used="json")]
"""An instant in UTC, to the millisecond."""


class Money(Frozen):
    """An exact amount in one currency (major units)."""

    amount: Amount
    currency: Currency = "GBP"

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not add up without a dated rate")

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(amount=self.amount + other.amount, currency=self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(amount=self.amount - other.amount, currency=self.currency)

    def exceeds(self, other: "Money") -> bool:
        """Whether this is more than `other`; raises ValueError across currencies."""
        self._same(other)
        return self.amount > other.amount

    def __str__(self) -> str:
        return f"{self.currency} {self.amount:,f}"


def kebab(name: str) -> str:
    """GateReview → gate-review."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()

"""Events: what happened, as other services and auditors read it. A class here is a published type; its fields never change meaning."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self

from shared.contracts.personal import RECORD, Personal
from shared.contracts.values import Frozen, kebab

TYPES: dict[str, type["Event"]] = {}
"""Every published event by its wire name."""


class Event(Frozen):
    """A fact that was decided and recorded. The service is read off the module: shared.contracts.<service>.<aggregate>.

    `major` rises when consumers must change; until then fields are only added, with defaults.
    """

    wire: ClassVar[str]
    service: ClassVar[str]
    classification: ClassVar[str] = "internal"

    def __init_subclass__(cls, service: str | None = None, major: int = 1, classification: str = "internal", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        parts = cls.__module__.split(".")
        cls.service = service or (parts[2] if parts[:2] == ["shared", "contracts"] and len(parts) > 3 else "")
        if not cls.service:
            raise TypeError(f"{cls.__name__}: an event lives in shared/contracts/<service>/, or names its service")
        cls.classification = classification
        cls.wire = f"minutebook.{cls.service}.{cls.__name__}.v{major}"
        if TYPES.setdefault(cls.wire, cls).__qualname__ != cls.__qualname__:
            raise TypeError(f"{cls.wire} is declared twice")
        TYPES[cls.wire] = cls

    def note(
        self,
        *,
        authority: str | None = None,
        reason: "Personal[Any] | None" = None,
        framework: str | None = None,
        occurred: datetime | None = None,
    ) -> "Noted":
        """This event with what its envelope must say: whose decision, why, judged by which framework version, when it happened."""
        return Noted(self, authority, reason, framework, occurred)

    def written(self) -> tuple[dict[str, Any], list["Personal[Any]"]]:
        """The event as JSON for the record, and the personal values that it discloses."""
        disclosures: list[Personal[Any]] = []
        # An absent value is absent from the record, so every field that may be absent has that for its default.
        return self.model_dump(mode="json", exclude_none=True, context={"disclosures": disclosures}), disclosures

    @classmethod
    def read(cls, data: dict[str, Any]) -> Self:
        """The event that a record holds; raises pydantic.ValidationError."""
        return cls.model_validate(data, context=RECORD)


@dataclass(frozen=True, slots=True)
class Noted:
    """An event and what its envelope says beyond it."""

    event: Event
    authority: str | None = None
    reason: Personal[Any] | None = None
    framework: str | None = None
    occurred: datetime | None = None


class UnknownEvent(LookupError):
    """A wire type that this release does not know."""


def event_type(wire: str) -> type[Event]:
    """The class for a wire name; raises UnknownEvent."""
    try:
        return TYPES[wire]
    except KeyError:
        raise UnknownEvent(f"{wire} is not an event that this release knows; upgrade the consumer or skip the type") from None


__all__ = ["TYPES", "Event", "Noted", "UnknownEvent", "event_type", "kebab"]

"""States, commands and facts: the nouns that a rule book declares."""

from enum import StrEnum
from typing import Any, ClassVar

from shared.contracts.values import Frozen, kebab
from shared.domain.refused import Refused


class State(Frozen):
    """One aggregate's state, folded from its stream. Every field has a default: the empty state is where a stream begins."""

    kind: ClassVar[str]
    plural: ClassVar[str]
    status: StrEnum | None = None

    def __init_subclass__(cls, plural: str | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.kind = kebab(cls.__name__)
        cls.plural = plural or cls.kind + "s"

    @classmethod
    def stream(cls, identity: str) -> str:
        """The name of the stream: gate-review/<id>."""
        return f"{cls.kind}/{identity}"

    @property
    def exists(self) -> bool:
        return self.status is not None

    def about(self) -> str | None:
        """The initiative that the stream is about, None if it is not about one."""
        return None

    def office_in_charge(self) -> str | None:
        """The office whose roles apply to the stream, None before it is known."""
        return None

    def called(self) -> str | None:
        """What people call it, None where only its id tells."""
        return getattr(self, "title", None) or getattr(self, "name", None) or None

    def takes(self, command: "type[Command]") -> bool:
        """Whether its status lets this command be given at all: screens offer no other. The rules decide, and refuse, on their own."""
        return command.starts != self.exists

    def must_be(self, *allowed: StrEnum) -> None:
        """Raise Refused unless the status is one of `allowed`."""
        if self.status not in allowed:
            now = f"is {self.status}" if self.status else "does not exist yet"
            raise Refused(
                "status",
                f"this {self.kind.replace('-', ' ')} {now}",
                way_out=f"possible when it is {' or '.join(allowed)}",
            )

    def must_not_exist(self) -> None:
        """Raise Refused if the stream has begun."""
        if self.exists:
            raise Refused(
                "once",
                f"this {self.kind.replace('-', ' ')} exists already",
                way_out="choose another id, or change the one that exists",
            )


class Command(Frozen):
    """What somebody asks for. `roles` may ask for it; "service" stands for a reaction or a timer.

    `starts`: it begins a stream. `signs`: the sentence that the person signs with it. `decides`: it needs an authority and a reason.
    """

    name: ClassVar[str]
    roles: ClassVar[frozenset[str]]
    signs: ClassVar[str | None]
    starts: ClassVar[bool]
    decides: ClassVar[bool]

    def __init_subclass__(
        cls,
        role: str | tuple[str, ...] = (),
        signs: str | None = None,
        starts: bool = False,
        decides: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init_subclass__(**kwargs)
        cls.name = kebab(cls.__name__)
        cls.roles = frozenset((role,) if isinstance(role, str) else role)
        cls.signs, cls.starts, cls.decides = signs, starts, decides
        if not cls.roles:
            raise TypeError(f"{cls.__name__}: name the role that may call it, role=...")

    def office_asked(self) -> str | None:
        """The office that a starting command names: its `office` field, if it has one."""
        return getattr(self, "office", None)


class Fact(Frozen):
    """A row of a read model: what is known of one key, folded from exactly one log."""

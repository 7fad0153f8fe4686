"""A refusal tells the person the rule, the field and the way out."""


class Refused(Exception):
    """A rule said no. `rule` is a stable kebab-case name; `because` says why in words; `way_out` says what would be accepted."""

    def __init__(self, rule: str, because: str, *, field: str | None = None, way_out: str | None = None) -> None:
        super().__init__(f"{rule}: {because}")
        self.rule, self.because, self.field, self.way_out = rule, because, field, way_out


def require(condition: object, *, rule: str, because: str, field: str | None = None, way_out: str | None = None) -> None:
    """Raise Refused unless `condition` holds."""
    if not condition:
        raise Refused(rule, because, field=field, way_out=way_out)

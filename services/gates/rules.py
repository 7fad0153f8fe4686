"""Criteria that a machine judges: CEL expressions over what a gate has before it, in an environment that leaves no trap open.

CEL would compare strings by their characters ('10000000' <= '9000000') and doubles by their bits (0.1 + 0.2 <= 0.3 is false); here neither
compiles. Money comes as an integer of minor units.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import version
from typing import Any

from cel_expr_python import cel

from shared.domain.refused import Refused, require

ENGINE = f"cel-expr-python {version('cel-expr-python')}"
"""What evaluates, as recorded with each verdict."""

_ORDER = {"_<_": "less", "_<=_": "less_equals", "_>_": "greater", "_>=_": "greater_equals"}
_ARITHMETIC = {"_+_": "add", "_-_": "subtract", "_*_": "multiply", "_/_": "divide", "-_": "negate"}
_UNORDERED = "string bytes bool double int64_double double_int64 uint64_double double_uint64".split()
_WAY_OUT = (
    "rules see evidence (kinds, list of string), tier (string), gate and round (int), amount (int, minor units) and compare whole numbers"
)


@cache
def _environment() -> Any:
    excluded: list[tuple[str, list[str]]] = [(name, [f"{stem}_{kind}" for kind in _UNORDERED]) for name, stem in _ORDER.items()]
    excluded += [(name, [f"{stem}_double"]) for name, stem in _ARITHMETIC.items()]
    excluded += [("double", []), ("dyn", [])]
    lines = ["name: gate-criteria", "stdlib:", "  exclude_functions:"]
    for name, overloads in excluded:
        lines.append(f'    - name: "{name}"')
        lines += ["      overloads:"] * bool(overloads) + [f"        - id: {overload}" for overload in overloads]
    lines += ["variables:", "  - name: evidence", "    type_name: list", "    params:", "      - type_name: string"]
    for variable, kind in (("tier", "string"), ("gate", "int"), ("round", "int"), ("amount", "int")):
        lines += [f"  - name: {variable}", f"    type_name: {kind}"]
    return cel.NewEnv(config=cel.NewEnvConfigFromYaml("\n".join(lines)))


@cache
def compiled(rule: str) -> Any:
    """The rule, ready to evaluate. Raises Refused (rule `cel`): does not compile, is not yes or no, or holds doubles or untyped values."""
    try:
        expression = _environment().compile(rule)
    except RuntimeError as error:
        reason = str(error).splitlines()[0].removeprefix("INVALID_ARGUMENT: ERROR: ")
        raise Refused("cel", f"{rule!r} does not compile: {reason}", field="rule", way_out=_WAY_OUT) from None
    answer = expression.return_type().name()
    require(answer == "BOOL", rule="cel", because=f"{rule!r} gives {answer}, not yes or no", field="rule", way_out=_WAY_OUT)
    for kind in _types(expression.serialize()):
        require(
            kind not in ("double", "dyn"),
            rule="cel",
            because=f"{rule!r} holds {'a binary fraction' if kind == 'double' else 'a value without a type'}",
            field="rule",
            way_out=_WAY_OUT,
        )
    return expression


def holds(rule: str, inputs: Mapping[str, object]) -> bool:
    """Whether the rule says true; an error inside it (a missing element, a division by zero) is not true."""
    return compiled(rule).eval(data=dict(inputs)).value() is True


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a protocol-buffer message: number and value."""
    place = 0

    def varint() -> int:
        nonlocal place
        value = shift = 0
        while True:
            byte = message[place]
            place += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while place < len(message):
        tag = varint()
        wire = tag & 7
        if wire == 0:
            yield tag >> 3, varint()
        else:
            size = {1: 8, 5: 4}.get(wire) or varint()
            yield tag >> 3, message[place : place + size]
            place += size


def _types(serialized: bytes) -> Iterator[str]:
    """The types that the checker gave to the parts of an expression, as far as they are traps.

    The bytes are a google.protobuf.Any with a cel.expr.CheckedExpr (cel-spec, checked.proto), whose field 3 maps each part to its type.
    """
    for number, checked in _fields(serialized):
        if number == 2 and isinstance(checked, bytes):
            for field, entry in _fields(checked):
                if field == 3 and isinstance(entry, bytes):
                    for part, kind in _fields(entry):
                        if part == 2 and isinstance(kind, bytes):
                            yield from _traps(kind)


def _traps(kind: bytes) -> Iterator[str]:
    for number, value in _fields(kind):
        if number == 1:
            yield "dyn"
        elif number in (3, 4) and value == 4:
            yield "double"
        elif number in (6, 7) and isinstance(value, bytes):
            for _, inner in _fields(value):
                if isinstance(inner, bytes):
                    yield from _traps(inner)

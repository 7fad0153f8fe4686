"""The mapping tables of this release, by id and effective date. A new version is a new file beside the old one."""

import tomllib
from datetime import date
from functools import cache
from pathlib import Path

from services.reporting.mapping.table import Mapping
from shared.domain.refused import Refused

TABLES = Path(__file__).parent / "tables"


@cache
def tables() -> tuple[Mapping, ...]:
    """Every version of every mapping table, oldest version first."""
    found = [Mapping.model_validate(tomllib.loads(path.read_text("utf-8"))) for path in sorted(TABLES.glob("*.toml"))]
    return tuple(sorted(found, key=lambda mapping: (mapping.id, mapping.version)))


def mapping_for(identity: str, effective: date) -> Mapping:
    """The newest version of a mapping that holds for a release effective on a date. Raises Refused."""
    versions = [mapping for mapping in tables() if mapping.id == identity]
    if not versions:
        known = ", ".join(sorted({mapping.id for mapping in tables()}))
        raise Refused("mapping", f"there is no mapping table {identity}", field="mapping", way_out=f"choose one of: {known}")
    valid = [mapping for mapping in versions if mapping.valid_from <= effective]
    if not valid:
        raise Refused(
            "mapping",
            f"mapping {identity} holds for releases from {versions[0].valid_from} on, not for {effective}",
            field="effective",
            way_out="check the effective date, or add a version of the mapping that holds for it",
        )
    return valid[-1]

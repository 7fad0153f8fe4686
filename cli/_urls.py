"""Where each service answers. Apart from cli._parts, so that whoever needs no more than this starts fast."""

import os
from pathlib import Path

from deploy.instance import read_run_file


def run_file(data: Path) -> Path:
    """MINUTEBOOK_RUN; the run.json of the data directory unless told."""
    return Path(os.environ.get("MINUTEBOOK_RUN", data / "run.json"))


def service_urls(data: Path) -> dict[str, str]:
    """By service, from MINUTEBOOK_<SERVICE>_URL; what is not set, from the run.json of `up`."""
    known = {name: found["url"] for name, found in read_run_file(run_file(data)).get("services", {}).items()}
    named = {key[11:-4].lower(): url for key, url in os.environ.items() if key.startswith("MINUTEBOOK_") and key.endswith("_URL")}
    return {**known, **named}

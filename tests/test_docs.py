"""The documents keep their word: every test they name exists, every link leads somewhere, no registry's host is named."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])


def test_every_test_that_the_invariants_name_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "docs/invariants.md").read_text())
    assert len(named) > 30
    assert [f"{path}::{test}" for path, test in named if not re.search(rf"def {test}\(", _text(ROOT / path))] == []


def test_every_invariant_names_a_test() -> None:
    lines = (ROOT / "docs/invariants.md").read_text()
    invariants = re.split(r"\n(?=\d+\. \*\*)", lines.split("## And")[0])[1:]
    assert len(invariants) == 10
    assert [each.splitlines()[0] for each in invariants if "::test_" not in each] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()) if not link.startswith("http")]
    assert [link for link in links if link and not (page.parent / link).exists()] == []


def test_no_file_names_a_registrys_host() -> None:
    hosts = ("py" + "pi.org", "pythonhosted" + ".org", "npmjs" + ".org", "npmjs" + ".com", "maven" + ".org", "crates" + ".io")
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert [(file, host) for file in files for host in hosts if host in _text(ROOT / file)] == []


def _text(path: Path) -> str:
    return path.read_text(errors="ignore") if path.is_file() else ""

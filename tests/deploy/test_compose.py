"""docker-compose.yml against the compose specification, and against what `minutebook up` starts."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from deploy.topology import SERVICES, parts

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


def test_it_follows_the_compose_schema(compose: dict[str, Any]) -> None:
    text = (files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json").read_text()
    jsonschema.validate(compose, json.loads(text), cls=jsonschema.Draft7Validator)


def test_it_runs_the_processes_of_split_and_their_servers(compose: dict[str, Any]) -> None:
    ours = {part.name for part in parts(8090, split=True)}
    assert set(compose["services"]) == ours | {"postgres", "kafka", "migrate"}


def test_each_process_has_its_role_and_service(compose: dict[str, Any]) -> None:
    for service in SERVICES:
        for role in ("api", "worker"):
            assert compose["services"][f"{service}-{role}"]["command"][:5] == ["serve", "--role", role, "--services", service]


def test_every_dependency_and_volume_exists(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert set(service.get("depends_on", {})) <= set(compose["services"]), name
        for volume in service.get("volumes", []):
            assert volume.split(":")[0] in compose["volumes"], name


def test_the_run_file_names_every_service(compose: dict[str, Any]) -> None:
    run = json.loads(compose["configs"]["run"]["content"])
    assert run["version"] == 1
    assert set(run["services"]) == set(SERVICES)
    for facts in run["services"].values():
        assert facts["url"].split("/")[2].split(":")[0] in compose["services"]


def test_nothing_is_published_beyond_loopback(compose: dict[str, Any]) -> None:
    published = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert published == ["127.0.0.1:8090:8080"]


def test_the_image_installs_the_lock_by_hash_and_copies_only_what_exists() -> None:
    lines = (ROOT / "deploy" / "images" / "Dockerfile").read_text().splitlines()
    assert any("--require-hashes" in line for line in lines)
    for line in lines:
        if line.startswith("COPY "):
            assert (ROOT / line.split()[1]).exists(), line

"""minutebook call: every command of every aggregate, derived; the receipt or the problem, and the exit code that says which."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import click
import pytest
import uvicorn
from click.testing import CliRunner

from cli.call import ServicesGroup, aggregate_group, body_of, call_command
from deploy.instance import write_run_file
from deploy.ports import free_port
from deploy.postgres import Postgres
from deploy.problems import CannotStart
from deploy.topology import SERVICES
from shared.web.asked import commands_of
from shared.web.fields import fields_of
from shared.web.new import minted
from tests.shared.web.council import AmendMotion, Motion, MoveMotion
from tests.shared.web.site import MOVE, council_at

DRAFT = ["--office", "hub", "--title", "A bridge", "--need", "The ford floods.", "--budget.amount", "12.50"]


def body(command: Any, *arguments: str) -> dict[str, Any]:
    """The body that these arguments make."""
    with call_command("council", Motion, command).make_context("call", ["I-1", *arguments]) as context:
        return body_of(command, context.params)


def test_fields_are_options_and_what_lies_inside_is_dotted() -> None:
    assert body(MoveMotion, *DRAFT) == {k: v for k, v in MOVE.items() if k != "budget"} | {"budget": {"amount": "12.50"}}


def test_lists_of_plain_values_are_repeated_options() -> None:
    given = [
        "--ground",
        "law",
        "--seconders",
        "p-1",
        "--seconders",
        "p-2",
        "--grounds",
        "law",
        "--copies",
        "3",
        "--no-open",
        "--agreed",
        "true",
    ]
    assert body(AmendMotion, *given) == {
        "ground": "law",
        "seconders": ["p-1", "p-2"],
        "grounds": ["law"],
        "copies": 3,
        "open": False,
        "agreed": True,
    }


def test_options_come_on_top_of_json() -> None:
    given = json.dumps({"title": "A tunnel", "budget": {"amount": "1", "currency": "EUR"}, "office": "hub"})
    assert body(MoveMotion, "--json", given, "--title", "A bridge", "--budget.amount", "2") == {
        "title": "A bridge",
        "budget": {"amount": "2", "currency": "EUR"},
        "office": "hub",
    }


@pytest.mark.parametrize("text", ["{", "[1]"])
def test_json_that_is_no_object_is_a_mistake_of_usage(text: str) -> None:
    with pytest.raises(click.UsageError, match="--json"):
        body(MoveMotion, "--json", text)


def test_every_command_that_people_may_give_is_there_with_all_its_fields() -> None:
    group = aggregate_group("council", Motion)
    assert list(group.commands) == [command.name for command in commands_of(Motion)]
    named = {name for option in group.commands["move-motion"].params for name in option.opts}
    assert {f"--{field.name}" for field in fields_of(MoveMotion) if not field.fields} <= named


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_tells_its_commands(name: str) -> None:
    answer = CliRunner().invoke(ServicesGroup("call"), [name, "--help"])
    assert answer.exit_code == 0 and "Commands:" in answer.output


@pytest.fixture(scope="module")
async def instance(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Path]:
    """The data directory of a council that listens."""
    async with council_at(postgres.superuser_dsn, tmp_path_factory.mktemp("instance")) as council:
        port = free_port()
        server = uvicorn.Server(uvicorn.Config(council.app, host="127.0.0.1", port=port, log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve())
        write_run_file(council.data / "run.json", {"url": f"http://127.0.0.1:{port}"})
        while not server.started:
            await asyncio.wait([serving], timeout=0.01)
        yield council.data
        server.should_exit = True
        await serving


async def called(data: Path, command: Any, *arguments: str) -> Any:
    """What the command line answers, and how it ends."""
    given = [*arguments, "--data", str(data)]
    return await asyncio.to_thread(CliRunner().invoke, call_command("council", Motion, command), given)


async def test_a_command_is_recorded_and_its_receipt_printed(instance: Path) -> None:
    identity = minted("I")
    answer = await called(instance, MoveMotion, identity, *DRAFT, "--as", "p-haddad", "--key", "monday-1")
    assert answer.exit_code == 0 and json.loads(answer.output)["stream"] == f"motion/{identity}"
    again = await called(instance, MoveMotion, identity, *DRAFT, "--as", "p-haddad", "--key", "monday-1")
    assert json.loads(again.output) == json.loads(answer.output) | {"repeated": True}


async def test_a_refusal_names_rule_field_and_way_out(instance: Path) -> None:
    answer = await called(instance, MoveMotion, minted("I"), *DRAFT[:-1], "2000000", "--as", "p-haddad")
    assert isinstance(answer.exception, CannotStart)
    assert "Rule: affordable" in str(answer.exception) and "Way out: ask for less" in str(answer.exception)


async def test_another_version_than_the_one_seen_is_refused(instance: Path) -> None:
    answer = await called(instance, MoveMotion, minted("I"), *DRAFT, "--as", "p-haddad", "--if-match", "7")
    assert "Rule: if-match" in str(answer.exception)


@pytest.mark.parametrize(("arguments", "code"), [([], 2), (["intake", "nothing"], 2), (["intake", "--help"], 0)])
def test_the_program_ends_as_programs_do(arguments: list[str], code: int) -> None:
    done = subprocess.run([sys.executable, "-m", "cli", "call", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == code and "Traceback" not in done.stderr


def test_without_an_instance_it_says_how_to_start_one(tmp_path: Path) -> None:
    answer = CliRunner().invoke(call_command("council", Motion, MoveMotion), ["I-1", *DRAFT, "--data", str(tmp_path)])
    assert "./minutebook up" in str(answer.exception)

"""The running instance as commands meet it: found by its data directory, no password needed by whoever may read that."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from deploy.instance import read_run_file
from deploy.problems import CannotStart
from shared.identity.issuer import UnknownPerson, cli_token

DATA = Path(".minutebook")
DataOption = Annotated[Path, typer.Option("--data", help="The data directory of the running instance.")]
PersonOption = Annotated[str, typer.Option("--as", help="The id of the person who asks.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
PERSON = "p-okafor"
"""Who asks unless told: the portfolio office of the first people."""
_PATIENCE = httpx.Timeout(120, connect=5)


class Refusal(CannotStart):
    """The instance said no. The message tells what, by which rule, and the way out; `problem` is the answer (RFC 9457)."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status, self.problem = status, problem
        lines = [f"{problem.get('title', 'Not possible')}: {problem.get('detail', f'HTTP {status}')}"]
        lines += [f"  {error.get('pointer', '')}: {error.get('detail', '')}" for error in problem.get("errors", [])]
        lines += [f"Rule: {problem['rule']}"] if problem.get("rule") else []
        lines += [f"Way out: {problem['way_out']}"] if problem.get("way_out") else []
        super().__init__("\n".join(lines))


class Client:
    """Calls of one person to the running instance; every answer that is no success is a Refusal."""

    def __init__(self, http: httpx.Client, data: Path, person: str) -> None:
        self.http, self._data, self._person = http, data, person

    def get(self, path: str, **query: Any) -> Any:
        """The JSON that a path answers."""
        return self.request("GET", path, params={name: value for name, value in query.items() if value is not None}).json()

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Any request, signed in as the person. Raises Refusal or CannotStart."""
        try:
            # Tokens live five minutes: a fresh one for each call costs nothing.
            token = cli_token(self._data, self._person)
            headers = {"Accept": "application/json", "Authorization": f"Bearer {token}", **more.pop("headers", {})}
            answer = self.http.request(method, path, headers=headers, **more)
        except UnknownPerson as unknown:
            raise CannotStart(f"{unknown}.") from None
        except httpx.HTTPError as error:
            problem = f"The instance at {self.http.base_url} does not answer ({error or type(error).__name__})"
            raise CannotStart(f"{problem}: see whether ./minutebook up still runs.") from None
        if answer.is_error:
            raise Refusal(answer.status_code, _problem(answer))
        return answer


@contextmanager
def connected(data: Path = DATA, person: str = PERSON) -> Iterator[Client]:
    """A client of the instance that runs on `data`; raises CannotStart if none does."""
    facts = read_run_file(data / "run.json")
    if "url" not in facts:
        raise CannotStart(f"No Minutebook runs on {data}: start it with ./minutebook up --data {data}, or name its directory with --data.")
    with httpx.Client(base_url=facts["url"], timeout=_PATIENCE, trust_env=False) as http:
        yield Client(http, data, person)


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"detail": answer.text[:500] or f"HTTP {answer.status_code}"}

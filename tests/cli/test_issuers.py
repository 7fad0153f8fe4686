"""An identity provider named by the environment."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from cli._issuers import ISSUER, JWKS, named_issuers
from deploy.problems import CannotStart
from shared.identity.issuer import LocalIssuer
from shared.identity.principal import Unauthenticated
from tests.shared.identity.people import PROVIDER, Provider

THEM = Provider()


@pytest.fixture
def jwks() -> Iterator[str]:
    """Where the provider's keys are."""

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(THEM.jwks())

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Keys) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/keys"
        server.shutdown()


async def test_the_people_of_the_provider_are_let_in_beside_those_of_the_local_issuer(tmp_path: Path, jwks: str) -> None:
    local, later = LocalIssuer(tmp_path), int(datetime.now(UTC).timestamp()) + 600
    verifier = local.verifier(*named_issuers({ISSUER: PROVIDER, JWKS: jwks}))
    assert (await verifier.verify(THEM.token(exp=later))).roles == (("chair", "edu"),)
    assert (await verifier.verify(local.cli_token("p-okafor"))).person == "p-okafor"
    with pytest.raises(Unauthenticated, match="not trusted"):
        await verifier.verify(THEM.token(exp=later, iss="https://another.example.org"))


def test_without_the_variables_nobody_else_is_trusted() -> None:
    assert named_issuers({}) == ()


def test_half_a_setting_is_said_in_one_sentence() -> None:
    with pytest.raises(CannotStart, match="go together"):
        named_issuers({ISSUER: PROVIDER})


def test_keys_that_anybody_could_send_are_refused() -> None:
    with pytest.raises(CannotStart, match=f"{JWKS}: http://login.example.org/keys is not https"):
        named_issuers({ISSUER: PROVIDER, JWKS: "http://login.example.org/keys"})

"""An external issuer's keys: fetched once, again when they may have changed, and kept through an outage."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from shared.identity.keys import FetchedKeys, KeysUnavailable
from shared.identity.principal import Unauthenticated
from shared.identity.token import Verifier, external
from tests.shared.identity.people import PROVIDER, Clock, Provider


class Published:
    """A key set at a URL on this machine."""

    def __init__(self) -> None:
        self.content, self.status, self.asked = b"", 200, 0
        published = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                published.asked += 1
                self.send_response(published.status)
                self.end_headers()
                self.wfile.write(published.content)

            def log_message(self, format: str, *args: object) -> None: ...

        self.server = HTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/jwks.json"


@pytest.fixture
def published() -> Iterator[Published]:
    site = Published()
    thread = threading.Thread(target=site.server.serve_forever)
    thread.start()
    yield site
    site.server.shutdown()
    thread.join()
    site.server.server_close()


class Seconds:
    """A clock that tests move."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_keys_are_fetched_once_and_found_by_their_id(published: Published) -> None:
    them = Provider()
    published.content = them.jwks()
    keys = FetchedKeys(published.url)
    assert await keys.find(str(them.rsa.kid)) and await keys.find(str(them.ec.kid))
    assert published.asked == 1


async def test_a_new_key_is_found_and_unknown_ones_cannot_make_us_ask_again_and_again(published: Published) -> None:
    before, after, clock = Provider(), Provider(), Seconds()
    published.content = before.jwks()
    keys = FetchedKeys(published.url, clock)
    assert await keys.find(str(before.rsa.kid))
    published.content = after.jwks()
    assert [await keys.find(f"made-up-{n}") for n in range(50)] == [None] * 50
    assert published.asked == 1
    clock.now += 11
    assert await keys.find(str(after.rsa.kid))
    assert published.asked == 2


async def test_an_outage_of_the_issuer_signs_nobody_out(published: Published) -> None:
    them, clock = Provider(), Seconds()
    published.content = them.jwks()
    keys = FetchedKeys(published.url, clock)
    await keys.find(str(them.rsa.kid))
    published.status, published.content = 503, b"down"
    clock.now += 3600
    assert await keys.find(str(them.rsa.kid))


@pytest.mark.parametrize("content", [b"", b"[]", b'{"keys": 7}', b'{"keys": [{"kty": "none"}]}', b"{}"])
async def test_without_any_key_it_says_that_the_issuer_cannot_be_reached(published: Published, content: bytes) -> None:
    published.content = content
    with pytest.raises(KeysUnavailable):
        await FetchedKeys(published.url).find("any")
    with pytest.raises(Unauthenticated, match="issuer-unreachable"):
        await Verifier((external(PROVIDER, FetchedKeys(published.url)),), clock=Clock()).verify(Provider().token())


@pytest.mark.parametrize("url", ["http://login.example.org/jwks", "file:///etc/passwd", "ftp://127.0.0.1/jwks", ""])
def test_keys_come_over_https_or_from_this_machine(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        FetchedKeys(url)

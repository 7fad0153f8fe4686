"""Fixtures: an app of one's own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.identity.issuer import LocalIssuer
from tests.shared.identity.site import Noted, Site, app_of, client


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    issuer, recorder = LocalIssuer(tmp_path), Noted()
    async with client(app_of(issuer, recorder)) as browser:
        yield Site(issuer, recorder, browser)

"""Running instances for the journeys. They are started when the first journey asks and serve the whole run."""

from collections.abc import Iterator

import pytest

from tests.journeys.instance import Instance, running_instance


@pytest.fixture(scope="session")
def instance() -> Iterator[Instance]:
    """An instance as `minutebook up` starts it."""
    with running_instance() as running:
        yield running


@pytest.fixture(scope="session")
def split() -> Iterator[Instance]:
    """An instance as `minutebook up --split` starts it: an api and a worker for each service, and a proxy."""
    with running_instance(split=True) as running:
        yield running

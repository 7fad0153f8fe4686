"""Which processes make up a running Minutebook: their names, roles, services and ports."""

from dataclasses import dataclass

from deploy.ports import LOOPBACK, free_port

SERVICES = ("intake", "gates", "benefits", "reporting")


@dataclass(frozen=True)
class Part:
    """One process: `python -m cli` and these arguments, listening on `port`."""

    name: str
    arguments: tuple[str, ...]
    port: int

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"


def parts(port: int, split: bool) -> list[Part]:
    """Two processes for all services, the api on `port`; or an api (port + 1, + 2, …) and a worker each, and a proxy on `port`.

    A worker listens as well, for its health and metrics, on any free port.
    """
    if not split:
        return [_serve("api", SERVICES, port, "api"), _serve("worker", SERVICES, free_port(), "worker")]
    apis = [_serve("api", (name,), port + 1 + place, f"{name}-api") for place, name in enumerate(SERVICES)]
    workers = [_serve("worker", (name,), free_port(), f"{name}-worker") for name in SERVICES]
    return [*apis, *workers, Part("proxy", ("proxy", "--port", str(port)), port)]


def service_urls(port: int, split: bool) -> dict[str, dict[str, str]]:
    """Where the api of each service answers."""
    places = {name: port + 1 + place if split else port for place, name in enumerate(SERVICES)}
    return {name: {"url": f"http://{LOOPBACK}:{place}"} for name, place in places.items()}


def _serve(role: str, services: tuple[str, ...], port: int, name: str) -> Part:
    return Part(name, ("serve", "--role", role, "--services", ",".join(services), "--port", str(port)), port)

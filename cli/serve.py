"""minutebook serve: one process of some services, as their api or their worker."""

import asyncio
import os
import signal
from contextlib import AsyncExitStack
from enum import StrEnum
from typing import Annotated

import structlog
import typer
import uvicorn
from fastapi import FastAPI

from cli._issuers import named_issuers
from cli._parts import Instance, Part, opened
from deploy.jars import assets_dir
from shared.identity.guard import Identity
from shared.identity.issuer import directory
from shared.identity.routes import router as identity_routes
from shared.runtime.health import Health
from shared.runtime.logs import configure_logs
from shared.runtime.loop import LoopLag, quiet_collector, run
from shared.runtime.telemetry import configure_traces
from shared.web.app import create_app

_log = structlog.get_logger("serve")


class Role(StrEnum):
    """What a process of a service does."""

    API = "api"
    WORKER = "worker"


def command(
    role: Annotated[Role, typer.Option(help="api answers requests; worker relays, keeps tables, reacts, watches timers.")],
    services: Annotated[str, typer.Option(help="The services of this process, separated by commas.")],
    port: Annotated[int, typer.Option(help="Where it listens; a worker for its health alone.")],
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
) -> None:
    """Run one process of some services. Settings come from the environment: MINUTEBOOK_DATA, MINUTEBOOK_KAFKA, MINUTEBOOK_<SERVICE>_URL."""
    names = tuple(name.strip() for name in services.split(","))
    instance = Instance.read()
    label = f"{'all' if len(names) > 1 else names[0]}-{role}"
    configure_logs(label, role)
    traces = configure_traces(label, instance.data / "logs" / f"traces-{label}.jsonl")
    try:
        run(_serve(instance, role, names, host, port))
    finally:
        traces.shutdown()


async def _serve(instance: Instance, role: Role, names: tuple[str, ...], host: str, port: int) -> None:
    health = Health()
    async with AsyncExitStack() as at_end:
        parts = [await at_end.enter_async_context(opened(instance, name)) for name in names]
        await at_end.enter_async_context(LoopLag(health.registry).watch())
        if role is Role.API:
            app, work = composed(instance, parts, health), [part.running.recorder.run() for part in parts]
            work += [upkeep(part.running) for part in parts for upkeep in part.service.upkeep]
        else:
            from cli._seed import seed
            from cli._worker import Worker, health_app

            workers = [Worker(instance, part) for part in parts]
            app, work = health_app(workers, health), [worker.run(seed) for worker in workers]
        server = uvicorn.Server(uvicorn.Config(app, host=host, port=port, log_config=None, access_log=False, timeout_graceful_shutdown=5))
        quiet_collector()
        tasks = [asyncio.create_task(one) for one in work]
        await _until_told(server, tasks)


async def _until_told(server: uvicorn.Server, tasks: list[asyncio.Task[None]]) -> None:
    """Serve until a signal, or until work fails: then the process ends and is started again."""
    serving = asyncio.create_task(server.serve())
    loop = asyncio.get_running_loop()

    def stop() -> None:
        server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    await asyncio.wait([serving, *tasks], return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    await serving
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
            _log.error("work_failed", exc_info=result)
            raise result


def composed(instance: Instance, parts: list[Part], health: Health) -> FastAPI:
    """The app of an api of these parts."""

    async def database(part: Part) -> str | None:
        await part.running.log.last_position()
        return None

    for part in parts:
        health.checks[part.service.name] = lambda part=part: database(part)  # type: ignore[misc]
    recorders = {part.service.name: part.running.recorder for part in parts}
    identity = Identity(instance.issuer.verifier(*named_issuers(os.environ)), instance.issuer.store, recorders)
    return create_app(
        [part.running for part in parts],
        identity,
        people=lambda: directory(instance.data),
        health=health,
        assets=assets_dir(),
        routers=[identity_routes(instance.issuer)],
    )

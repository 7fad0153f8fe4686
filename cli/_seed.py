"""What a service begins with, sent once through ordinary commands with fixed ids: services/<name>/seed.py, where there is one."""

import asyncio
from importlib import import_module
from importlib.util import find_spec

import structlog

from cli._parts import Part
from shared.domain.refused import Refused
from shared.ledger.intent import Conflicted, Intent, Mismatched
from shared.ledger.record import LogUnavailable

_log = structlog.get_logger("seed")
_AGAIN_SECONDS = 1.0


async def seed(part: Part) -> None:
    """Send what the service begins with. What was sent before, or was changed by people since, is left as it is."""
    module = f"services.{part.service.name}.seed"
    if find_spec(module) is None:
        return
    seeds = import_module(module)
    for command_id, (state, identity, command) in zip(seeds.command_ids(), seeds.SEED, strict=True):
        intent = Intent(command_id, state, identity, command, seeds.WHO)
        while True:
            try:
                receipt = await part.running.handler.handle(intent)
                if not receipt.repeated:
                    _log.info("seeded", service=part.service.name, stream=intent.stream, command=command.name)
            except (Refused, Mismatched, Conflicted) as kept:
                _log.info("seed_kept", stream=intent.stream, reason=str(kept))
            except LogUnavailable:
                await asyncio.sleep(_AGAIN_SECONDS)
                continue
            break

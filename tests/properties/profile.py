"""How long the properties are looked for: shortly in every build, thoroughly with MINUTEBOOK_PROPERTIES=thorough."""

import os
import secrets

from hypothesis import HealthCheck, Phase, Verbosity, settings

_THOROUGH = os.environ.get("MINUTEBOOK_PROPERTIES") == "thorough"
_COMMON = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))
_SHRINKING = (Phase.explicit, Phase.generate, Phase.shrink)


def profile(examples: int) -> settings:
    """So many examples; thoroughly, thirty times as many, and what fails is made as short as can be."""
    return settings(
        _COMMON,
        max_examples=examples * 30 if _THOROUGH else examples,
        phases=_SHRINKING if _THOROUGH else _SHRINKING[:2],
        verbosity=Verbosity.normal,
    )


def seed_of_run() -> int:
    """What the run draws from: MINUTEBOOK_SEED, else a new one; printed where the run fails."""
    seed = int(os.environ.get("MINUTEBOOK_SEED") or secrets.randbits(32))
    print(f"draws from MINUTEBOOK_SEED={seed}")
    return seed

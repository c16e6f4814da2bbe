"""A simulated ECR: images, their scans and their events, on moto's repositories.

Map: `service` answers the requests; `images` finds images, deletes them, refuses, and renders API
shapes; `events` tells EventBridge; `scans` are ECR's own and Amazon Inspector's; `registry` has
hosts and passwords; `push` is what `docker push` asks; `pulls` is what ECS asks.
"""

from __future__ import annotations

from embedded.clock.clock import Clock
from embedded.services.ecr.pulls import image_digest, pull_problem
from embedded.services.ecr.push import Registry
from embedded.services.ecr.scans import Scans
from embedded.services.ecr.service import Ecr, Emit

__all__ = ["Ecr", "Registry", "Scans", "image_digest", "install", "pull_problem"]


def install(clock: Clock, emit: Emit) -> Ecr:
    """Put this ECR in the place of moto's, for all accounts and regions.

    `emit` gets complete EventBridge events at the simulated moment they happen. Undo
    with `uninstall()`, or use the answer as a context manager.
    """
    ecr = Ecr(clock, emit)
    ecr.install()
    return ecr

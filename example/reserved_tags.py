"""Reserved tags -> how the tasks of an image behave: `make local` can show failure.

Only who calls `obey` has them. In tests and in the demo a tag means nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from embedded.services.ecs import Crash, Exits, Fault, Faults, SlowStart, UnhealthyContainer

# The health check without which ECS cannot know that a container hangs.
HEALTH_CHECK: Mapping[str, Any] = {
    "healthCheck": {"command": ["CMD-SHELL", "curl -f http://localhost:5000/ || exit 1"]}
}
_LOGS = ("Booting worker with pid: 8", "KeyError: 'DATABASE_URL'")
_NEVER = 7 * 86_400.0  # longer than any deadline
SLOW_SECONDS = 90.0
FAULTS: Mapping[str, Fault] = {
    "crash-": Crash(exit_code=1, after=3, logs=_LOGS),
    "hang-": UnhealthyContainer(after=_NEVER),  # its health check neither passes nor fails
    "unhealthy-": UnhealthyContainer(),
    "slow-": SlowStart(SLOW_SECONDS),
}
# What a command does that a standalone task runs in the image: that of a target's `before`.
COMMANDS: Mapping[str, Exits] = {
    "migration-fails-": Exits(
        exit_code=1,
        after=6,
        logs=(
            "Applying accounts.0042_contact_email...",
            "django.db.utils.OperationalError: canceling statement due to lock timeout",
        ),
    ),
}


def obey(event: Mapping[str, Any], faults: Faults) -> None:
    """From now on, give the tasks of an image the fault, or the command, that its tag asks for.

    `event` is any event; all but ECR's pushes of a reserved tag change nothing.
    """
    detail = event["detail"]
    if event["detail-type"] != "ECR Image Action" or detail["action-type"] != "PUSH":
        return
    tag = str(detail.get("image-tag", ""))
    for prefix, fault in FAULTS.items():
        if tag.startswith(prefix):
            faults.image(detail["image-digest"], fault)
    for prefix, exits in COMMANDS.items():
        if tag.startswith(prefix):
            faults.run(exits, image=detail["image-digest"])

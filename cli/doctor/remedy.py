"""The commands that findings advise, where several of them do."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence

from chalicelib.model.meant import meant
from cli.doctor.facts import TargetFacts


def configured(facts: TargetFacts, **changes: object) -> str:
    """The command that changes the service's deployment configuration, and keeps the rest of it."""
    before = facts.settings.configuration if facts.settings else {}
    after = json.dumps({**before, **changes}, separators=(",", ":"), default=str)
    return update(facts, f"--deployment-configuration {shlex.quote(after)}")


def update(facts: TargetFacts, option: str) -> str:
    """The command that changes this option of the service."""
    target = facts.target
    names = f"--cluster {target.cluster} --service {target.service}"
    return f"aws ecs update-service {names} {option}"


def near(name: str, known: Sequence[str]) -> str:
    """The known name that is most like this one; the first where none is like it."""
    return next(iter(meant(name, known)), known[0])

"""stage, profile, region -> Slipway's functions there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.account import session_of
from cli.exits import Usage
from cli.project import TARGETS, environments

if TYPE_CHECKING:  # boto3 takes a third of a second: `--help` and usage errors do without it
    from cli.functions import Functions


def connect(stage: str | None, profile: str | None, region: str | None) -> Functions:
    """The functions of a stage; the stage may be left out where the checkout has only one.

    Raises:
        Usage: when no stage or no region is known.
    """
    chosen = known_stage(stage)
    from cli.functions import Functions  # noqa: PLC0415 - see above

    return Functions(session_of(profile, region), chosen)


def known_stage(stage: str | None) -> str:
    """The stage that was given, else the only one of the checkout's targets.toml."""
    found = environments(TARGETS)
    if stage is None and len(found) == 1:
        return found[0]
    if stage is None:
        have = f" (targets.toml has {', '.join(found)})" if found else ""
        raise Usage(f"Which stage{have}? Next: --stage dev, or export SLIPWAY_STAGE=dev")
    return stage

"""stage, profile, region -> Slipway's functions there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cli.account import session_of
from cli.exits import Usage
from cli.project import TARGETS, environments

if TYPE_CHECKING:  # boto3 takes a third of a second: `--help` and usage errors do without it
    from cli.functions import Functions
    from cli.stages import StageEntry


def connect(stage: str | None, profile: str | None, region: str | None) -> Functions:
    """The functions of a stage; the stage may be left out where only one is known.

    Raises:
        Usage: when no stage or no region is known, or the configuration file is wrong.
    """
    chosen = stage_meant(stage, profile, region)
    from cli.functions import Functions  # noqa: PLC0415 - see above

    session = session_of(chosen.profile, chosen.region)
    return Functions(session, chosen.stage, name=chosen.name)


def stage_meant(stage: str | None, profile: str | None, region: str | None) -> StageEntry:
    """The stage of the configuration file that has this name, else one of just this name.

    What was given as an option wins over what the file says.

    Raises:
        Usage: when no stage is known, or the configuration file is wrong.
    """
    from cli.stages import StageEntry, configured  # noqa: PLC0415 - `--help` does without it

    entries = configured()
    name = stage or _only_stage(entries)
    found = next((entry for entry in entries if entry.name == name), StageEntry(name, name))
    return replace(found, profile=profile or found.profile, region=region or found.region)


def _only_stage(entries: Sequence[StageEntry]) -> str:
    """The only one of the checkout's targets.toml, else of the configuration file."""
    in_checkout, names = environments(TARGETS), [entry.name for entry in entries]
    for known in (in_checkout, names):
        if len(known) == 1:
            return known[0]
    files = {"targets.toml": in_checkout, "slipway.toml": names}
    have = "; ".join(f"{file} has {', '.join(known)}" for file, known in files.items() if known)
    words = f" ({have})" if have else ""
    raise Usage(f"Which stage{words}? Next: --stage dev, or export SLIPWAY_STAGE=dev")

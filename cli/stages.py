"""slipway.toml -> the stages that a person works with, and Slipway's functions in each.

Neither pydantic nor boto3 is imported before it is needed: every verb reads this module.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cli.account import asking_nobody, session_of
from cli.exits import Usage

if TYPE_CHECKING:
    from cli.functions import Functions

FILE = "slipway.toml"
_NAMED = "SLIPWAY_CONFIG"


@dataclass(frozen=True)
class StageEntry:
    """A stage as a person names it: `stage` is the stack's, `name` is what is shown and typed.

    `profile` and `region` are of the AWS configuration; without them, what the environment sets.
    """

    stage: str
    name: str
    profile: str | None = None
    region: str | None = None


def path() -> Path:
    """The configuration file: the one that SLIPWAY_CONFIG names, else the one of the user."""
    named = os.environ.get(_NAMED)
    return Path(named) if named else Path(typer.get_app_dir("slipway"), FILE)


def configured() -> tuple[StageEntry, ...]:
    """The stages of the configuration file, in its order; none where there is no file.

    Raises:
        Usage: when the file is wrong, cannot be read, or is not there although it was named.
    """
    found = path()
    try:
        text = found.read_text("utf-8")
    except FileNotFoundError:
        if os.environ.get(_NAMED):
            raise Usage(f"{_NAMED} names {found}, which does not exist") from None
        return ()
    except (OSError, ValueError) as error:
        raise Usage(f"{found} cannot be read: {error}") from error
    from cli.stages_file import entries  # noqa: PLC0415 - pydantic takes a tenth of a second

    return entries(text, str(found))


def all_configured() -> tuple[StageEntry, ...]:
    """As `configured`, but there is one at least.

    Raises:
        Usage: also when no stage is configured; the message shows how to configure one.
    """
    if found := configured():
        return found
    raise Usage(
        f"No stages are configured. Next: write them into {path()}, each like\n"
        '[[stage]]\nstage = "prod"  # and, where you need them: name, profile, region'
    )


def opened(entry: StageEntry) -> Functions:
    """The functions of a stage, for a program that looks at many: it asks nobody for an MFA code.

    Each call makes a session of its own, so each thread may have one. A silent `status` is given up
    within half a minute.

    Raises:
        Usage: when there is no such profile, or no region is known.
    """
    from cli.functions import QUICK, Functions  # noqa: PLC0415 - boto3 takes a third of a second

    session = asking_nobody(session_of(entry.profile, entry.region))
    return Functions(session, entry.stage, name=entry.name, looks=QUICK)

"""stage, profile, region -> Slipway's functions there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from cli.exits import Usage
from cli.project import environments

if TYPE_CHECKING:  # boto3 takes a third of a second: `--help` and usage errors do without it
    import boto3

    from cli.functions import Functions

TARGETS = Path("chalicelib", "targets.toml")


def connect(stage: str | None, profile: str | None, region: str | None) -> Functions:
    """The functions of a stage; the stage may be left out where the checkout has only one.

    Raises:
        Usage: when no stage or no region is known.
    """
    chosen = known_stage(stage)
    from cli.functions import Functions  # noqa: PLC0415 - see above

    return Functions(signed_in_as(profile, region), chosen)


def known_stage(stage: str | None) -> str:
    """The stage that was given, else the only one of the checkout's targets.toml."""
    found = environments(TARGETS)
    if stage is None and len(found) == 1:
        return found[0]
    if stage is None:
        have = f" (targets.toml has {', '.join(found)})" if found else ""
        raise Usage(f"Which stage{have}? Next: --stage dev, or export SLIPWAY_STAGE=dev")
    return stage


def signed_in_as(profile: str | None, region: str | None) -> boto3.Session:
    """A session with the person's credentials.

    Raises:
        Usage: when no region is set, or the profile does not exist.
    """
    import boto3  # noqa: PLC0415 - see above
    from botocore.exceptions import ProfileNotFound  # noqa: PLC0415 - see above

    try:
        # The aws CLI reads AWS_REGION first, boto3 does not know it.
        session = boto3.Session(
            profile_name=profile, region_name=region or os.environ.get("AWS_REGION") or None
        )
    except ProfileNotFound as error:
        raise Usage(f"{error}. Next: aws configure list-profiles") from error
    if session.region_name is None:
        raise Usage(
            "No AWS region is set. Next: --region us-west-2, or export AWS_REGION=us-west-2"
        )
    return session

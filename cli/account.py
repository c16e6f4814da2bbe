"""The AWS account of a person's credentials, for the commands that need one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from chalicelib.errors import Refused
from cli.exits import Usage

if TYPE_CHECKING:  # boto3 takes a third of a second: `--help` and usage errors do without it
    import boto3


def session_of(profile: str | None = None, region: str | None = None) -> boto3.Session:
    """A session with the person's credentials, in the region that is given or set.

    Raises:
        Usage: when no region is set, or there is no such profile.
    """
    import boto3  # noqa: PLC0415 - see above
    from botocore.exceptions import ProfileNotFound  # noqa: PLC0415 - as above

    # The aws CLI reads AWS_REGION first, boto3 does not know it.
    wanted = region or os.environ.get("AWS_REGION") or None
    try:
        session = boto3.Session(profile_name=profile, region_name=wanted)
        found = session.region_name
        # Where the region is set elsewhere, boto3 would miss the profile only at the first call.
        missed = profile is not None and profile not in session.available_profiles
    except ProfileNotFound:
        missed = True
    if missed:
        raise Usage(
            f"There is no profile {profile or os.environ.get('AWS_PROFILE')}. "
            "Next: --profile with a name of ~/.aws/config"
        )
    if found is None:
        raise Usage("No AWS region is set. Next: export AWS_REGION=us-west-2 (or yours)")
    return session


def asking_nobody(session: boto3.Session) -> boto3.Session:
    """The session, but a profile that needs an MFA code is refused: nobody is asked for the code.

    botocore asks on the terminal, whichever thread it runs in, and several would ask at once.
    """
    core = session._session  # noqa: SLF001 - boto3 has no other way to its credentials
    provider = core.get_component("credential_provider").get_provider("assume-role")
    profile = session.profile_name

    def refused(_: str) -> str:
        raise Refused(f"The profile {profile} asks for an MFA code, which one stage alone may do")

    provider._prompter = refused  # noqa: SLF001 - botocore takes it only when it is made
    return session


@contextmanager
def signed_in(profile: str | None = None, region: str | None = None) -> Iterator[boto3.Session]:
    """As `session_of`; what AWS refuses within it is told in a sentence.

    Raises:
        Usage: as `session_of`.
        Refused: when AWS said no.
    """
    session = session_of(profile, region)
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - see above

    try:
        yield session
    except (BotoCoreError, ClientError) as error:
        raise Refused(f"AWS said no: {error}") from error

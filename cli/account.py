"""The AWS account of the present credentials, for the commands that need one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from botocore.exceptions import BotoCoreError, ClientError, ProfileNotFound

from chalicelib.errors import Refused


@contextmanager
def signed_in(profile: str | None = None, region: str | None = None) -> Iterator[boto3.Session]:
    """A session in the region that is set; what AWS refuses within it is told in a sentence.

    Raises:
        Refused: no region is set, there is no such profile, or AWS said no.
    """
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
        raise Refused(
            f"there is no profile {profile or os.environ.get('AWS_PROFILE')}. "
            "Next: --profile with a name of ~/.aws/config"
        )
    if found is None:
        raise Refused("no AWS region is set. Next: export AWS_REGION=us-west-2 (or yours)")
    try:
        yield session
    except (BotoCoreError, ClientError) as error:
        raise Refused(f"AWS said no: {error}") from error

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
    try:
        # The aws CLI reads AWS_REGION first, boto3 does not know it.
        wanted = region or os.environ.get("AWS_REGION") or None
        session = boto3.Session(profile_name=profile, region_name=wanted)
        found = session.region_name  # the profile is read only now
    except ProfileNotFound as error:
        raise Refused(f"{error}. Next: --profile with a name of ~/.aws/config") from error
    if found is None:
        raise Refused("no AWS region is set. Next: export AWS_REGION=us-west-2 (or yours)")
    try:
        yield session
    except (BotoCoreError, ClientError) as error:
        raise Refused(f"AWS said no: {error}") from error

"""`slipway doctor`: sign in, look, print. The exit code is 1 when there is an error."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.errors import Refused
from chalicelib.model.targets import Targets, load_targets
from cli.account import session_of
from cli.doctor import told
from cli.doctor.asking import Client
from cli.doctor.examine import Only, examine
from cli.project import TARGETS
from cli.terminal import progress

_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=5, read_timeout=20
)
_LONGEST_CONFIG = 1_000_000
_SECONDS = 10


def run(  # noqa: PLR0913, PLR0917 - the options of the command
    service: str | None,
    stage: str,
    path: Path | None,
    only: Only | None,
    profile: str | None,
    region: str | None,
    *,
    as_json: bool = False,
) -> int:
    """Look at the stage, print what was found, and return the exit code.

    Raises:
        Refused: the targets file is wrong, or AWS knows no such credentials.
    """
    targets = read_targets(path or TARGETS, stage)
    client = clients(signed_in(targets, profile, region))
    with progress("Looking at AWS") as tell:
        report = examine(
            client,
            targets,
            datetime.now(UTC),
            only_service=service,
            only=only,
            fetch=fetched,
            tell=tell,
        )
    shown = (
        [told.as_json(report.findings, report.notes)]
        if as_json
        else told.lines(report.looked_at, report.findings, report.notes)
    )
    print("\n".join(shown))
    return report.exit_code


def signed_in(targets: Targets, profile: str | None, region: str | None) -> boto3.Session:
    """A session of the person's own credentials, in the account that the stage is for.

    Raises:
        Usage: when no region is set, or there is no such profile.
        Refused: when there are no credentials, or they are of another account.
    """
    session = session_of(profile, region)
    try:
        account = session.client("sts", config=_CONFIG).get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        raise Refused(
            f"AWS takes no credentials of yours: {error}. Next: sign in, or give --profile"
        ) from error
    if targets.account not in {None, account}:
        raise Refused(
            f"targets.toml puts {targets.stage} into account {targets.account}, and these "
            f"credentials are of account {account}. Next: give --profile"
        )
    return session


def read_targets(path: Path, stage: str) -> Targets:
    """The targets of a stage in a targets.toml.

    Raises:
        Refused: when there is no such file, or it is wrong.
    """
    try:
        return load_targets(path.read_text("utf-8"), stage)
    except FileNotFoundError:
        raise Refused(f"{path} is not there. Next: slipway init, or give --targets PATH.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{path} cannot be read: {error}.") from error


def clients(session: boto3.Session) -> Client:
    """The session's clients, each made once."""
    made: dict[str, Any] = {}

    def client(name: str) -> Any:
        if name not in made:
            make: Callable[..., Any] = session.client
            made[name] = make(name, config=_CONFIG)
        return made[name]

    return client


def fetched(address: str) -> bytes:
    """What an https address answers, a megabyte at most."""
    if not address.startswith("https://"):
        raise OSError("not an https address")
    with urllib.request.urlopen(address, timeout=_SECONDS) as answer:  # noqa: S310 - https only
        body: bytes = answer.read(_LONGEST_CONFIG)
    return body

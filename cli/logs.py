"""`slipway logs --function`: a function's last hour of log, and what is added, until Ctrl-C.

By FilterLogEvents (CloudWatch Logs API reference); the `aws` command of version 1 cannot follow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from chalicelib.errors import Refused
from cli.package.names import function_name
from cli.package.policies import GRANTS
from cli.project import meant
from cli.terminal import did_you_mean, safe

_SINCE = timedelta(hours=1)
_PAUSE_SECONDS = 2.0
_LATE = timedelta(minutes=1)  # CloudWatch may take in a line after newer ones
RETRIES = Config(retries={"mode": "standard", "total_max_attempts": 5})
_THROTTLED = {"ThrottlingException", "LimitExceededException", "ServiceUnavailableException"}


def lines(
    client: Any, stage: str, function: str, now: datetime, pause: Callable[[float], None]
) -> Iterator[str]:
    """The lines of the hour before `now` (UTC), oldest first, then each that comes, without end.

    `pause` waits so many seconds between two looks.

    Raises:
        Refused: when there is no such function, or it has no log group here.
    """
    if function not in GRANTS:
        raise Refused(f"Slipway has no function {function!r}.{did_you_mean(function, GRANTS)}")
    group = f"/aws/lambda/{function_name(stage, function)}"
    since, told = now - _SINCE, dict[str, int]()
    while True:
        for event in _events(client, stage, group, since, pause):
            if event["eventId"] not in told:
                told[event["eventId"]] = event["timestamp"]
                yield _line(event)
        newest = max(told.values(), default=0)
        since = max(since, datetime.fromtimestamp(newest / 1000, UTC) - _LATE)
        told = {name: at for name, at in told.items() if at >= _milliseconds(since)}
        pause(_PAUSE_SECONDS)


def _events(
    client: Any, stage: str, group: str, since: datetime, pause: Callable[[float], None]
) -> Iterator[dict[str, Any]]:
    """Every event since then, page by page; while AWS throttles, the same page is asked again."""
    page: dict[str, Any] = {"logGroupName": group, "startTime": _milliseconds(since)}
    while True:
        try:
            answer = client.filter_log_events(**page)
        except client.exceptions.ResourceNotFoundException as error:
            raise Refused(
                f"There is no log group {group} in {client.meta.region_name}: Slipway is not "
                "deployed here, or in another account, region or stage."
                f"{meant(stage) or f' Next: make deploy STAGE={stage}'}"
            ) from error
        except ClientError as error:
            if error.response["Error"]["Code"] not in _THROTTLED:
                raise
            pause(_PAUSE_SECONDS)
            continue
        yield from answer["events"]
        if "nextToken" not in answer:
            return
        page["nextToken"] = answer["nextToken"]


def _line(event: dict[str, Any]) -> str:
    """Time (UTC) and message, without what a terminal would take for a command."""
    at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%SZ} {safe(event['message'].rstrip())}"


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)

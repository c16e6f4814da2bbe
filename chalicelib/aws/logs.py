"""CloudWatch Logs GetLogEvents -> the last lines of a stream: implements the flows' `Logs`."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.aws.clients import client_quick
from chalicelib.aws.errors import translated


class CloudWatchLogs:
    """CloudWatch Logs in one account and region."""

    def last_lines(self, group: str, stream: str, count: int) -> Sequence[str]:
        """Return the last `count` lines of a stream, oldest first.

        With `startFromHead` false, GetLogEvents answers the newest events in this order.
        """
        with translated(f"read the log stream {stream} of {group}"):
            answer = client_quick("logs").get_log_events(
                logGroupName=group, logStreamName=stream, limit=count, startFromHead=False
            )
        return [str(event["message"]) for event in answer["events"]]

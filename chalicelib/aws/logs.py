"""Logs: the end of a CloudWatch log stream, lines out."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.aws.clients import client_quick
from chalicelib.aws.errors import translated


class CloudWatchLogs:
    """CloudWatch Logs in one account and region."""

    def last_lines(self, group: str, stream: str, count: int) -> Sequence[str]:
        """GetLogEvents answers the newest events, oldest first, with `startFromHead` false."""
        with translated(f"read the log stream {stream} of {group}"):
            answer = client_quick("logs").get_log_events(
                logGroupName=group, logStreamName=stream, limit=count, startFromHead=False
            )
        return [str(event["message"]) for event in answer["events"]]

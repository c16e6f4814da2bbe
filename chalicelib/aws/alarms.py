"""CloudWatch DescribeAlarms -> alarms that ring: implements the flows' `Alarms`."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.aws.clients import client_quick
from chalicelib.aws.errors import translated

_MOST = 100  # names that DescribeAlarms takes (CloudWatch API reference)


class CloudWatchAlarms:
    """CloudWatch alarms in one account and region."""

    def ringing(self, names: Sequence[str]) -> Sequence[str]:
        """Return those of the first hundred alarms that are in ALARM."""
        with translated("read the service's alarms"):
            answer = client_quick("cloudwatch").describe_alarms(
                AlarmNames=list(names[:_MOST]),
                AlarmTypes=["MetricAlarm", "CompositeAlarm"],
                StateValue="ALARM",
            )
        found = (*answer.get("MetricAlarms", ()), *answer.get("CompositeAlarms", ()))
        return tuple(str(alarm["AlarmName"]) for alarm in found)

"""CloudWatch metrics as log lines (its embedded metric format): no call, no permission."""

from __future__ import annotations


class Metrics:
    """Counts of one stage, in the namespace Slipway."""

    def __init__(self, stage: str) -> None:
        self._stage = stage

    def count(self, name: str, value: int) -> None:
        # Imported when something is counted, which is rare: it is not worth a cold start.
        from aws_lambda_powertools.metrics import (  # noqa: PLC0415
            MetricUnit,
            single_metric,
        )

        with single_metric(
            name=name,
            unit=MetricUnit.Count,
            value=value,
            namespace="Slipway",
            default_dimensions={"stage": self._stage},
        ):
            pass

"""counts -> CloudWatch metrics, as log lines in its embedded metric format, without any call."""

from __future__ import annotations


class Metrics:
    """The counts of one stage, in the metric namespace Slipway; the flows' `Counts`."""

    def __init__(self, stage: str) -> None:
        self._stage = stage

    def count(self, name: str, value: int) -> None:
        # To count is rare, so the import waits until then and does not slow down a cold start.
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

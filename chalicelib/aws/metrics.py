"""measures -> CloudWatch metrics, as log lines in its embedded metric format, without any call."""

from __future__ import annotations

from chalicelib.model.outcomes import Measure


class Metrics:
    """The metrics of one stage, in the namespace Slipway; the flows' `Counts`."""

    def __init__(self, stage: str) -> None:
        self._stage = stage

    def count(self, name: str, value: int) -> None:
        self.measure(Measure(name=name, value=value, unit="Count"))

    def measure(self, measure: Measure) -> None:
        # To measure is rare, so the import waits until then and does not slow down a cold start.
        from aws_lambda_powertools.metrics import (  # noqa: PLC0415
            MetricUnit,
            single_metric,
        )

        with single_metric(
            name=measure.name,
            unit=MetricUnit(measure.unit),
            value=measure.value,
            namespace="Slipway",
            default_dimensions={"stage": self._stage},
        ):
            pass

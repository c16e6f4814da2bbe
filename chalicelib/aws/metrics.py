"""measures -> CloudWatch metrics, as log lines in its embedded metric format, without any call."""

from __future__ import annotations

from chalicelib.model.outcomes import Measure


class Metrics:
    """The metrics of one stage, in the namespace Slipway; the flows' `Counts`.

    Each metric costs money in the hours in which it gets a value. So what `measure` is told is sent
    only where the stack's parameter Metrics wants it; a count is always sent, and rare.
    """

    def __init__(self, stage: str, *, measured: bool = False) -> None:
        self._stage = stage
        self._measured = measured

    def count(self, name: str, value: int) -> None:
        self._send(Measure(name=name, value=value, unit="Count"))

    def measure(self, measure: Measure) -> None:
        if self._measured:
            self._send(measure)

    def _send(self, measure: Measure) -> None:
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

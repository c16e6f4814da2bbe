"""targets -> the stack's CloudWatch dashboard, which is there with the parameter Dashboard=yes.

Widgets: CloudWatch user guide, "Dashboard body structure and syntax". A dashboard has at most 500
widgets and 2,500 metrics (CloudWatch service quotas), so a stage of very many targets shows the
first ones and says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from chalicelib.model.scheduled import TASKS
from chalicelib.model.targets import Target, Targets
from cli.package.names import function_name

Widget = dict[str, Any]

WIDGETS_LIMIT = 500
_SERVICES = 480  # of three metrics each; the rest of both limits is for the widgets above them
_DAY = 86_400  # seconds
_WIDTH = 24  # columns
# Which metrics a service has by itself, and which one needs Container Insights of its cluster.
_OF_A_SERVICE = (
    ("AWS/ECS", "CPUUtilization", "CPU, %", "left"),
    ("AWS/ECS", "MemoryUtilization", "memory, %", "left"),
    ("ECS/ContainerInsights", "RunningTaskCount", "running tasks (Container Insights)", "right"),
)


def add_dashboard(template: dict[str, Any], targets: Targets, functions: Sequence[str]) -> None:
    """Add the dashboard to the template, under the condition WithDashboard."""
    body = {"start": "-P28D", "widgets": list(_widgets(targets, functions))}
    template["Resources"]["FiguresDashboard"] = {
        "Type": "AWS::CloudWatch::Dashboard",
        "Condition": "WithDashboard",
        "Properties": {
            "DashboardName": f"slipway-{targets.stage}",
            "DashboardBody": {"Fn::Sub": json.dumps(body, separators=(",", ":"))},
        },
    }


def _widgets(targets: Targets, functions: Sequence[str]) -> Iterator[Widget]:
    yield from _figures(targets.stage)
    yield _errors(targets.stage, functions)
    services = [target for target in targets.all if target.cluster != TASKS]
    for number, target in enumerate(services[:_SERVICES]):
        yield _service(target, x=(number % 3) * 8, y=12 + number // 3 * 6)
    if (left := len(services) - _SERVICES) > 0:
        words = f"{left} more services have no room: a dashboard has at most 500 widgets."
        at = {"x": 0, "y": 12 + _SERVICES // 3 * 6, "width": _WIDTH, "height": 2}
        yield {"type": "text", **at, "properties": {"markdown": words}}


def _figures(stage: str) -> Iterator[Widget]:
    """The four figures by day: sums, medians, and the share of changes that failed."""
    deployments = _metric(stage, "Deployments", "Sum")
    yield _chart("Deployments a day", [deployments], x=0, y=0)
    lead = [_metric(stage, "LeadTimeSeconds", statistic) for statistic in ("p50", "p90")]
    yield _chart("Lead time from push to live, s", lead, x=6, y=0)
    yield _chart("Failed changes, %", list(_share(stage)), x=12, y=0)
    restore = [_metric(stage, "RestoreSeconds", statistic) for statistic in ("p50", "p90")]
    yield _chart("Time to restore, s", restore, x=18, y=0)


def _share(stage: str) -> Iterator[list[Any]]:
    """`Deployments` has a sample for each change, which is 0 where it failed."""
    yield [{"expression": "100 * FILL(failed, 0) / changes", "label": "failed, %", "id": "share"}]
    for identifier, name, statistic in (
        ("failed", "FailedChanges", "Sum"),
        ("changes", "Deployments", "SampleCount"),
    ):
        hidden = {"id": identifier, "visible": False, "stat": statistic}
        yield ["Slipway", name, "stage", stage, hidden]


def _metric(stage: str, name: str, statistic: str) -> list[Any]:
    label = {"stat": statistic, "label": "median" if statistic == "p50" else statistic}
    return ["Slipway", name, "stage", stage, label]


def _errors(stage: str, functions: Sequence[str]) -> Widget:
    metrics = [
        ["AWS/Lambda", "Errors", "FunctionName", function_name(stage, name), {"label": name}]
        for name in functions
    ]
    made = _chart("Errors of Slipway's functions", metrics, x=0, y=6)
    made["properties"] |= {"stat": "Sum", "period": 3_600}
    return {**made, "width": _WIDTH}


def _service(target: Target, x: int, y: int) -> Widget:
    """CPU and memory of a service, and how many of its tasks run."""
    dimensions = ["ClusterName", target.cluster, "ServiceName", target.service]
    metrics = [
        [namespace, name, *dimensions, {"label": label, "yAxis": axis}]
        for namespace, name, label, axis in _OF_A_SERVICE
    ]
    made = _chart(target.name, metrics, x=x, y=y)
    made["properties"] |= {"stat": "Average", "period": 300}
    return {**made, "width": 8}


def _chart(title: str, metrics: list[list[Any]], x: int, y: int) -> Widget:
    properties = {
        "title": title,
        "region": "${AWS::Region}",
        "view": "timeSeries",
        "period": _DAY,
        "metrics": metrics,
    }
    place = {"x": x, "y": y, "width": 6, "height": 6}
    return {"type": "metric", **place, "properties": properties}

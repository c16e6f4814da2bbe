"""The dashboard in CloudWatch: only where it is wanted, within AWS' limits, and of real metrics."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.decide.measures import measures
from chalicelib.model.deployments import Status
from chalicelib.model.targets import Targets
from chalicelib.model.task_targets import TaskTarget
from cli.package import dashboard, lint
from embedded.account import EmbeddedAws
from tests.cli.conftest import FUNCTIONS, Packaged
from tests.fixtures import examples
from tests.fixtures.examples import at

PERIODS = {"AWS/ECS": 300, "ECS/ContainerInsights": 300, "AWS/Lambda": 3_600, "Slipway": 86_400}


def body(*targets: Any) -> dict[str, Any]:
    """The body of the dashboard of a stage with these targets."""
    template: dict[str, Any] = {"Resources": {}}
    dashboard.add_dashboard(template, Targets(stage="dev", all=targets), FUNCTIONS)
    text = template["Resources"]["FiguresDashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    found: dict[str, Any] = json.loads(text)
    return found


def metrics(found: dict[str, Any]) -> list[list[Any]]:
    """The metrics of all widgets, without those that are expressions."""
    every = [one for widget in found["widgets"] for one in widget["properties"].get("metrics", ())]
    return [one for one in every if isinstance(one[0], str)]


def test_it_is_there_only_with_its_parameter_which_turns_the_metrics_on(packaged: Packaged) -> None:
    template = packaged.template
    assert template["Parameters"]["Dashboard"]["Default"] == "no"
    assert template["Parameters"]["Metrics"]["Default"] == "no"
    assert template["Resources"]["FiguresDashboard"]["Condition"] == "WithDashboard"
    wanted, turned_on = template["Conditions"]["Measured"]["Fn::Or"]
    assert wanted == {"Fn::Equals": [{"Ref": "Metrics"}, "yes"]}
    assert turned_on == {"Condition": "WithDashboard"}


def test_every_metric_of_slipway_on_it_is_one_that_is_sent() -> None:
    ends = (Status.SUCCESSFUL, Status.ROLLBACK_SUCCESSFUL)
    records = [
        examples.rolling_out(status=status, applied_at=at(60), closed_at=at(300)) for status in ends
    ]
    sent = {measure.name for record in records for measure in measures(record)}
    shown = {one[1] for one in metrics(body(examples.target())) if one[0] == "Slipway"}
    assert shown == sent
    assert all(one[2:4] == ["stage", "dev"] for one in metrics(body()) if one[0] == "Slipway")


def test_a_service_shows_its_cpu_its_memory_and_its_tasks() -> None:
    found = body(examples.target(cluster="shop", service="web"))
    own = [one[:6] for one in metrics(found) if "web" in one]
    dimensions = ["ClusterName", "shop", "ServiceName", "web"]
    assert own == [
        ["AWS/ECS", "CPUUtilization", *dimensions],
        ["AWS/ECS", "MemoryUtilization", *dimensions],
        ["ECS/ContainerInsights", "RunningTaskCount", *dimensions],
    ]


def test_a_scheduled_task_has_no_service_to_show() -> None:
    task = TaskTarget(repository="jobs", service="report")
    assert metrics(body(task)) == metrics(body())


@pytest.mark.parametrize("services", [1, 480, 481, 2_000])
def test_it_keeps_within_the_limits_of_aws(services: int) -> None:
    """500 widgets, and 2,500 metrics (CloudWatch service quotas)."""
    found = body(*(examples.target(service=f"web-{number:04}") for number in range(services)))
    assert len(found["widgets"]) <= dashboard.WIDGETS_LIMIT
    assert len(metrics(found)) <= 2_500
    last = found["widgets"][-1]
    told = last["properties"].get("markdown", "")
    assert told.startswith(f"{services - 480} more services") == (services > 480)


def test_no_widget_covers_another_one() -> None:
    found = body(*(examples.target(service=f"web-{number}") for number in range(7)))
    taken: set[tuple[int, int]] = set()
    for widget in found["widgets"]:
        columns = range(widget["x"], widget["x"] + widget["width"])
        lines = range(widget["y"], widget["y"] + widget["height"])
        cells = {(column, line) for column in columns for line in lines}
        assert not cells & taken, widget["properties"]["title"]
        assert max(columns) < 24
        taken |= cells


def test_a_template_with_its_dashboard_lints_clean(packaged: Packaged) -> None:
    assert "FiguresDashboard" in packaged.template["Resources"]
    assert lint.findings(packaged.template) == []


def test_cloudformation_makes_it_where_it_is_wanted_and_fills_the_region_in(
    packaged: Packaged,
) -> None:
    with EmbeddedAws(rate=60) as aws:
        files = packaged.directory / "sam.json", packaged.directory / "deployment.zip"
        stack = aws.deploy(*files, parameters={"Dashboard": "yes"})
        name = stack.resources["FiguresDashboard"]
        found = aws.client("cloudwatch").get_dashboard(DashboardName=name)
        widgets = json.loads(found["DashboardBody"])["widgets"]
        regions = {one["properties"]["region"] for one in widgets}
        watch = stack.resources["Watch"]
        settings = aws.client("lambda").get_function_configuration(FunctionName=watch)
    assert name == "slipway-dev"
    assert regions == {aws.region}
    assert settings["Environment"]["Variables"]["METRICS"] == "yes"

"""ECS event -> the service that it is about."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.events.event import Ignored
from chalicelib.events.service import Changed, RunStopped, recognise_change
from tests.events.test_image import JSON
from tests.fixtures import examples

BEGINS = {
    "ecs-deployment-completed": False,
    "ecs-deployment-failed": False,
    "ecs-deployment-in-progress": True,
    "ecs-deployment-rollback-started": True,
}


@pytest.mark.parametrize("name", examples.SAMPLE_EVENTS)
def test_only_what_happens_to_deployments_and_tasks_names_a_service(name: str) -> None:
    event = examples.event(name)
    changed = recognise_change(event)
    if name == "ecs-task-stopped-oom":
        assert isinstance(changed, Changed)
        assert (changed.service, changed.ended) == (examples.NAME, event["detail"]["startedBy"])
        assert changed.stopped_at is not None
    elif name in BEGINS:
        began = event["detail"]["deploymentId"] if BEGINS[name] else ""
        assert changed == Changed(service=examples.NAME, began=began)
    else:
        assert isinstance(changed, Ignored)
        assert changed.reason


@pytest.mark.parametrize(
    ("resources", "service"),
    [
        pytest.param(
            ["arn:aws-cn:ecs:cn-north-1:123456789012:service/c/s"], "c/s", id="China's partition"
        ),
        pytest.param(
            ["arn:aws:ecs:us-west-2:123456789012:task/c/1", f"{examples.ARN}:service/c/s"],
            "c/s",
            id="beside another resource",
        ),
        pytest.param([f"{examples.ARN}:service/s"], "s", id="the old short form has no cluster"),
        pytest.param([f"{examples.ARN}:service/c/s/x"], None, id="too many parts"),
        pytest.param([f"x{examples.ARN}:service/c/s"], None, id="something before the ARN"),
        pytest.param([], None, id="no resource"),
    ],
)
def test_the_service_is_read_from_its_arn(resources: list[str], service: str | None) -> None:
    event = examples.event("ecs-deployment-completed") | {"resources": resources}
    changed = recognise_change(event)
    assert (changed.service if isinstance(changed, Changed) else None) == service


def test_a_hook_names_its_service_in_the_detail() -> None:
    arn = f"{examples.ARN}:service/{examples.NAME}"
    hook = {
        "source": "aws.ecs",
        "detail-type": "ECS Hook State Change",
        "resources": [examples.service_deployment_arn(8)],
        "detail": {"eventName": "HOOK_AWAITING_ACTION", "hookType": "PAUSE", "serviceArn": arn},
    }
    assert recognise_change(hook) == Changed(service=examples.NAME)
    assert isinstance(recognise_change(hook | {"detail": {}}), Ignored)


def test_an_event_without_a_name_still_tells_of_its_service() -> None:
    event = examples.event("ecs-deployment-completed") | {"detail": {}}
    assert recognise_change(event) == Changed(service=examples.NAME)


RUN = "20260302t101530-conflicto-0a1b2c3d"


def _run_stopped(started_by: Any, **detail: Any) -> dict[str, Any]:
    """The event of a task that RunTask started, and that has stopped."""
    ended = {
        "clusterArn": f"{examples.ARN}:cluster/{examples.CLUSTER}",
        "group": f"family:{examples.FAMILY}",
        "lastStatus": "STOPPED",
        "startedBy": started_by,
    }
    return {
        "source": "aws.ecs",
        "detail-type": "ECS Task State Change",
        "detail": {**ended, **detail},
    }


@pytest.mark.parametrize(
    ("started_by", "deployment"),
    [
        pytest.param(f"slipway/{RUN}-b", RUN, id="a `before`"),
        pytest.param(f"slipway/{RUN}-b2", RUN, id="the second attempt of a `before`"),
        pytest.param(f"slipway/{RUN}-a", RUN, id="an `after`"),
        pytest.param(f"slipway/{RUN}-a999", RUN, id="the last attempt that a token can count"),
        pytest.param("slipway/x-b-b", "x-b", id="an id that ends like a token"),
        pytest.param(f"slipway/{'x' * 60}-b", "x" * 60, id="the longest id"),
    ],
)
def test_the_task_of_a_before_or_after_names_its_deployment(
    started_by: str, deployment: str
) -> None:
    found = recognise_change(_run_stopped(started_by))
    assert found == RunStopped(cluster=examples.CLUSTER, deployment=deployment)


@pytest.mark.parametrize(
    "started_by",
    [
        pytest.param(f"slipway/{'x' * 61}-b", id="an id that is too long"),
        pytest.param(f"slipway/{RUN}-b1000", id="too many attempts"),
        pytest.param(f"slipway/{RUN}-c", id="neither before nor after"),
        pytest.param(f"slipway/{RUN}", id="no kind"),
        pytest.param("slipway/-b", id="no id"),
        pytest.param("slipway/", id="nothing"),
        pytest.param(f"slipway/{RUN.upper()}-b", id="capital letters"),
        pytest.param(f"slipway/{RUN}\u0660-b", id="a digit of another alphabet"),
        pytest.param(f"slipway/{RUN}-b\u0662", id="an attempt in another alphabet"),
        pytest.param(f"slipway/{RUN}-b\n", id="a line break"),
        pytest.param(f"slipway/../{RUN}-b", id="a path"),
        pytest.param(f"Slipway/{RUN}-b", id="another prefix"),
        pytest.param(f" slipway/{RUN}-b", id="a space before it"),
        pytest.param(f"{RUN}-b", id="no prefix"),
        pytest.param("jenkins", id="somebody else"),
        pytest.param(None, id="nobody"),
        pytest.param([f"slipway/{RUN}-b"], id="a list"),
    ],
)
def test_a_task_of_anybody_else_means_nothing(started_by: object) -> None:
    assert isinstance(recognise_change(_run_stopped(started_by)), Ignored)


@pytest.mark.parametrize(
    "detail",
    [
        pytest.param({"lastStatus": "RUNNING"}, id="it runs"),
        pytest.param({"lastStatus": "DEPROVISIONING"}, id="it has not stopped yet"),
        pytest.param({"clusterArn": None}, id="no cluster"),
        pytest.param({"clusterArn": ""}, id="an empty cluster"),
        pytest.param({"clusterArn": "arn:aws:ecs:us-west-2:1:cluster/c"}, id="no account"),
        pytest.param({"clusterArn": f"{examples.ARN}:cluster/a/b"}, id="too many parts"),
        pytest.param({"clusterArn": f"{examples.ARN}:cluster/{'c' * 256}"}, id="a long cluster"),
        pytest.param({"clusterArn": f"{examples.ARN}:cluster/c\n"}, id="a line break"),
    ],
)
def test_an_incomplete_event_of_such_a_task_means_nothing(detail: dict[str, Any]) -> None:
    assert isinstance(recognise_change(_run_stopped(f"slipway/{RUN}-b", **detail)), Ignored)


def test_the_group_of_a_service_does_not_make_such_a_task_one_of_its_tasks() -> None:
    """Whoever runs a task may choose its group."""
    event = _run_stopped(f"slipway/{RUN}-b", group=f"service:{examples.SERVICE}")
    assert isinstance(recognise_change(event), RunStopped)


@pytest.mark.parametrize("repeated", ["-b", "x", "-", "b2-b"])
def test_a_text_of_millions_is_ignored_at_once(repeated: str) -> None:
    """A pattern that goes back would read it for hours."""
    event = _run_stopped("slipway/" + repeated * 1_000_000)
    assert isinstance(recognise_change(event), Ignored)


@given(st.text(), st.text())
def test_whatever_started_a_task_it_names_a_deployment_in_its_own_alphabet(
    identity: str, ends: str
) -> None:
    found = recognise_change(_run_stopped(f"slipway/{identity}-b{ends}"))
    if isinstance(found, RunStopped):
        assert set(found.deployment) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
        assert 1 <= len(found.deployment) <= 60


@given(JSON)
def test_no_json_makes_it_raise(value: Any) -> None:
    assert isinstance(recognise_change(value), Ignored)

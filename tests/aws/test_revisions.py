"""What runs or names a revision: every page of it, or an error and never a part."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber

from chalicelib.aws import clients
from chalicelib.aws.revisions import Revisions
from chalicelib.aws.rule_targets import RuleTargets
from chalicelib.aws.schedule_targets import ScheduleTargets
from chalicelib.errors import Denied, Refused, Unavailable
from chalicelib.model.revisions import ServiceUse

ECS = "arn:aws:ecs:eu-central-1:123456789012"
MAIN = f"{ECS}:cluster/main"


def revision(number: int) -> str:
    return f"{ECS}:task-definition/web:{number}"


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    clients.forget()
    yield
    clients.forget()


@pytest.fixture
def ecs() -> Iterator[Stubber]:
    with Stubber(clients.client("ecs")) as stubber:
        yield stubber


@pytest.fixture
def events() -> Iterator[Stubber]:
    with Stubber(clients.client("events")) as stubber:
        yield stubber


@pytest.fixture
def scheduler() -> Iterator[Stubber]:
    with Stubber(clients.client("scheduler")) as stubber:
        yield stubber


def pages(stubber: Stubber, method: str, key: str, *of: list[Any], more: bool = False) -> None:
    """The pages of a list; with `more`, the last one says that there is another."""
    names = "nextToken" if stubber.client.meta.service_model.service_name == "ecs" else "NextToken"
    for number, items in enumerate(of, start=1):
        token = {names: str(number)} if number < len(of) or more else {}
        stubber.add_response(method, {key: items, **token})


def test_all_pages_of_active_revisions_are_read_newest_first(ecs: Stubber) -> None:
    asked = {"familyPrefix": "web", "status": "ACTIVE", "sort": "DESC", "maxResults": 100}
    first = {"taskDefinitionArns": [revision(3), revision(2)], "nextToken": "2"}
    ecs.add_response("list_task_definitions", first, asked)
    second = {"taskDefinitionArns": [revision(1)]}
    ecs.add_response("list_task_definitions", second, {**asked, "nextToken": "2"})
    assert Revisions().active("web") == (revision(3), revision(2), revision(1))


def test_of_a_family_with_more_revisions_the_newest_thousand_are_read(ecs: Stubber) -> None:
    pages(
        ecs,
        "list_task_definitions",
        "taskDefinitionArns",
        *([revision(n)] for n in range(10)),
        more=True,
    )
    assert len(Revisions().active("web")) == 10


def test_more_than_a_hundred_clusters_are_an_error(ecs: Stubber) -> None:
    pages(ecs, "list_clusters", "clusterArns", [MAIN], [f"{MAIN}-2"])
    with pytest.raises(Refused, match=r"there are more than 100 clusters, .* no more to find out"):
        Revisions().clusters()


def test_every_service_is_described_ten_at_a_time(ecs: Stubber) -> None:
    services = [f"{ECS}:service/main/s{number}" for number in range(12)]
    pages(ecs, "list_services", "serviceArns", services[:7], services[7:])
    for part in (services[:10], services[10:]):
        answer = {"services": [{"serviceName": arn.rsplit("/", 1)[1]} for arn in part]}
        ecs.add_response("describe_services", answer, {"cluster": MAIN, "services": part})
    assert [use.name for use in Revisions().uses([MAIN])] == [f"main/s{n}" for n in range(12)]
    ecs.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("service", "numbers", "rolls_out"),
    [
        ({"taskDefinition": revision(7), "desiredCount": 0}, (7,), False),
        (
            {
                "taskDefinition": revision(8),
                "deployments": [
                    {"taskDefinition": revision(8), "rolloutState": "IN_PROGRESS"},
                    {"taskDefinition": revision(7), "rolloutState": "COMPLETED"},
                ],
            },
            (8, 7),
            True,
        ),
        (
            {"deployments": [{"taskDefinition": revision(8), "rolloutState": "COMPLETED"}]},
            (8,),
            False,
        ),
        (
            {"taskSets": [{"taskDefinition": revision(5)}, {"taskDefinition": revision(4)}]},
            (5, 4),
            False,
        ),
    ],
    ids=["asleep", "rolling out", "express", "task sets"],
)
def test_a_service_uses_whatever_any_of_its_deployments_runs(
    ecs: Stubber, service: dict[str, Any], numbers: tuple[int, ...], rolls_out: bool
) -> None:
    pages(ecs, "list_services", "serviceArns", ["s"])
    ecs.add_response("describe_services", {"services": [{"serviceName": "s", **service}]})
    named = tuple(revision(number) for number in numbers)
    assert Revisions().uses([MAIN]) == (
        ServiceUse(name="main/s", revisions=named, rolls_out=rolls_out),
    )


def test_more_than_a_thousand_services_are_an_error(ecs: Stubber) -> None:
    pages(ecs, "list_services", "serviceArns", *([] for _ in range(11)))
    with pytest.raises(Refused, match="there are more than 1,000 services"):
        Revisions().uses([MAIN])


def test_what_is_gone_since_it_was_listed_runs_nothing(ecs: Stubber) -> None:
    pages(ecs, "list_services", "serviceArns", ["s"])
    gone = {"arn": "s", "reason": "MISSING"}
    ecs.add_response("describe_services", {"services": [], "failures": [gone]})
    assert Revisions().uses([MAIN]) == ()


def test_what_ecs_does_not_describe_for_another_reason_is_an_error(ecs: Stubber) -> None:
    pages(ecs, "list_services", "serviceArns", ["s"])
    failed = {"arn": "s", "reason": "INTERNAL"}
    ecs.add_response("describe_services", {"services": [], "failures": [failed]})
    with pytest.raises(Unavailable, match="ECS did not describe s: INTERNAL"):
        Revisions().uses([MAIN])


def test_tasks_of_every_cluster_count_whether_they_run_or_stop(ecs: Stubber) -> None:
    found: list[tuple[str, str, list[int]]] = [
        (MAIN, "RUNNING", [9]),
        (MAIN, "STOPPED", [8]),
        (f"{MAIN}-2", "RUNNING", []),
        (f"{MAIN}-2", "STOPPED", [7, 9]),
    ]
    for cluster, status, numbers in found:
        asked = {"cluster": cluster, "family": "web", "desiredStatus": status, "maxResults": 100}
        tasks = [f"task-{number}" for number in numbers]
        ecs.add_response("list_tasks", {"taskArns": tasks}, asked)
        if tasks:
            described = [{"taskDefinitionArn": revision(number)} for number in numbers]
            ecs.add_response(
                "describe_tasks", {"tasks": described}, {"cluster": cluster, "tasks": tasks}
            )
    assert Revisions().tasks([MAIN, f"{MAIN}-2"], "web") == [revision(n) for n in (7, 8, 9)]


def test_a_revision_is_deregistered_with_one_call_that_is_never_repeated() -> None:
    with Stubber(clients.client_once("ecs")) as once:
        once.add_client_error("deregister_task_definition", "ThrottlingException", "Rate exceeded")
        with pytest.raises(Unavailable, match="could not deregister web:3 yet: AWS answered Thr"):
            Revisions().deregister(revision(3))


def test_the_ecs_targets_of_the_rules_of_all_buses_are_read(events: Stubber) -> None:
    other = {"Id": "2", "Arn": "arn:aws:lambda:eu-central-1:123456789012:function:x"}
    for bus, number in (("default", 3), ("ours", 4)):
        # Each bus' rules are read before the next page of buses.
        more = {"NextToken": "2"} if bus == "default" else {}
        events.add_response("list_event_buses", {"EventBuses": [{"Name": bus}], **more})
        asked = {"TargetArn": MAIN, "EventBusName": bus}
        events.add_response("list_rule_names_by_target", {"RuleNames": ["nightly"]}, asked)
        named = {"Id": "1", "Arn": MAIN, "EcsParameters": {"TaskDefinitionArn": revision(number)}}
        asked = {"Rule": "nightly", "EventBusName": bus}
        events.add_response("list_targets_by_rule", {"Targets": [named, other]}, asked)
    assert RuleTargets().task_definitions([MAIN]) == (revision(3), revision(4))


def test_a_rule_that_is_gone_since_it_was_listed_names_nothing(events: Stubber) -> None:
    pages(events, "list_event_buses", "EventBuses", [{"Name": "default"}])
    events.add_response("list_rule_names_by_target", {"RuleNames": ["gone"]})
    events.add_client_error("list_targets_by_rule", "ResourceNotFoundException")
    assert RuleTargets().task_definitions([MAIN]) == ()


def test_rules_that_may_not_be_read_are_an_error(events: Stubber) -> None:
    events.add_client_error("list_event_buses", "AccessDeniedException", "no")
    with pytest.raises(Denied, match="could not read the rules that run tasks"):
        RuleTargets().task_definitions([MAIN])


def schedule(name: str, arn: str) -> dict[str, Any]:
    return {"Name": name, "GroupName": "default", "Target": {"Arn": arn}}


BY_API = "arn:aws:scheduler:::aws-sdk:ecs:runTask"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (
            {"Arn": MAIN, "EcsParameters": {"TaskDefinitionArn": revision(3)}},
            revision(3),
        ),
        (
            {"Arn": BY_API, "Input": '{"TaskDefinition": "web\\u003a3"}'},
            '{"TaskDefinition": "web:3"}',
        ),
        ({"Arn": BY_API, "Input": "<aws.scheduler.execution-id> web:3"},
         "<aws.scheduler.execution-id> web:3"),
    ],
    ids=["a cluster", "by ECS' API", "no JSON"],
)  # fmt: skip
def test_a_schedule_names_a_task_definition_in_its_target_or_in_its_input(
    scheduler: Stubber, target: dict[str, Any], expected: str
) -> None:
    others = schedule("other", "arn:aws:lambda:eu-central-1:123456789012:function:x")
    pages(scheduler, "list_schedules", "Schedules", [others, schedule("mine", target["Arn"])])
    asked = {"GroupName": "default", "Name": "mine"}
    answer = {"Name": "mine", "Target": {"RoleArn": f"{ECS}:role/x" * 2, **target}}
    scheduler.add_response("get_schedule", answer, asked)
    assert ScheduleTargets().task_definitions() == (expected,)
    scheduler.assert_no_pending_responses()


def test_a_schedule_for_a_single_time_that_is_over_names_nothing(scheduler: Stubber) -> None:
    pages(scheduler, "list_schedules", "Schedules", [schedule("once", MAIN)])
    scheduler.add_client_error("get_schedule", "ResourceNotFoundException")
    assert ScheduleTargets().task_definitions() == ("",)


def test_more_schedules_than_are_read_are_an_error(scheduler: Stubber) -> None:
    many = [schedule(f"s{number}", MAIN) for number in range(501)]
    pages(scheduler, "list_schedules", "Schedules", many)
    with pytest.raises(Refused, match=re.escape("more than 500 schedules run tasks")):
        ScheduleTargets().task_definitions()

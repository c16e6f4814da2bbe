"""RunTask: what it starts, what it answers, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from embedded.services.ecs import NoCapacity
from tests.embedded.ecs.standalone import MIGRATE, command, described, run, started, until
from tests.embedded.ecs.web_service import GOOD, NETWORK, SERVICE, WebService, client


def bridge(web: WebService, **body: Any) -> str:
    """A revision that runs on EC2 only."""
    answer = web.api.register_task_definition(
        family="bridge",
        containerDefinitions=[{"name": "web", "image": GOOD, "memory": 128}],
        **body,
    )
    return str(answer["taskDefinition"]["taskDefinitionArn"])


def test_the_answer_is_the_provisioning_task_with_everything_that_was_asked_for(
    web: WebService,
) -> None:
    definition = web.register()
    answer = run(web, definition, startedBy="slipway/x-b", platformVersion="1.3.0")
    [task] = answer["tasks"]
    assert answer["failures"] == []
    assert (task["lastStatus"], task["desiredStatus"]) == ("PROVISIONING", "RUNNING")
    assert (task["group"], task["startedBy"]) == ("family:web", "slipway/x-b")
    assert (task["taskDefinitionArn"], task["launchType"]) == (definition, "FARGATE")
    assert task["platformVersion"] == "1.3.0"
    assert task["overrides"] == command(*MIGRATE)
    assert task == described(web, task["taskArn"])


def test_a_family_means_its_newest_active_revision(web: WebService) -> None:
    web.register()
    newest = web.register()
    assert described(web, started(web, "web"))["taskDefinitionArn"] == newest


def test_up_to_ten_tasks_start_at_once(web: WebService) -> None:
    definition = web.register()
    assert len({task["taskArn"] for task in run(web, definition, count=10)["tasks"]}) == 10
    for count in (0, 11):
        with pytest.raises(web.api.exceptions.InvalidParameterException, match="between 1 and 10"):
            run(web, definition, count=count)


def test_a_task_may_run_on_ec2_or_by_a_capacity_provider_strategy(web: WebService) -> None:
    on_ec2 = bridge(web)
    [plain] = run(web, on_ec2, launchType=None, networkConfiguration=None)["tasks"]
    assert plain["launchType"] == "EC2"
    strategy = [
        {"capacityProvider": "FARGATE", "weight": 1},
        {"capacityProvider": "FARGATE_SPOT", "weight": 4},
    ]
    spot = run(web, web.register(), launchType=None, capacityProviderStrategy=strategy)["tasks"][0]
    assert (spot["launchType"], spot["capacityProviderName"]) == ("FARGATE", "FARGATE_SPOT")
    asg = [{"capacityProvider": "asg", "base": 1}, {"capacityProvider": "other", "weight": 9}]
    [own] = run(
        web, on_ec2, launchType=None, networkConfiguration=None, capacityProviderStrategy=asg
    )["tasks"]
    assert (own["launchType"], own["capacityProviderName"]) == ("EC2", "asg")


def test_all_overrides_are_described_and_sizes_are_those_of_the_override(web: WebService) -> None:
    overrides = {
        "containerOverrides": [
            {"name": "web", "environment": [{"name": "A", "value": "b"}], "cpu": 64}
        ],
        "taskRoleArn": "arn:aws:iam::123456789012:role/task",
        "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
        "cpu": "512",
        "memory": "1024",
    }
    task = described(web, started(web, web.register(), overrides=overrides))
    assert task["overrides"] == overrides
    assert (task["cpu"], task["memory"]) == ("512", "1024")
    assert task["containers"][0]["cpu"] == "64"


def test_tags_come_from_the_request_the_task_definition_and_ecs(web: WebService) -> None:
    definition = web.register()
    web.api.tag_resource(
        resourceArn=definition,
        tags=[{"key": "team", "value": "a"}, {"key": "image", "value": "x"}],
    )
    asked = {"tags": [{"key": "team", "value": "b"}], "enableECSManagedTags": True}

    def tags(**more: Any) -> dict[str, str]:
        task = described(web, started(web, definition, **asked, **more))
        return {tag["key"]: tag["value"] for tag in task["tags"]}

    assert tags() == {"aws:ecs:clusterName": "dev", "team": "b"}
    assert tags(propagateTags="TASK_DEFINITION") == tags() | {"image": "x"}


def test_tasks_are_listed_by_family_by_who_started_them_and_by_status(web: WebService) -> None:
    web.create(desired=1)
    arn = started(web, web.register(), startedBy="slipway/x-b")

    def listed(**filters: Any) -> list[str]:
        found: list[str] = web.api.list_tasks(cluster="dev", **filters)["taskArns"]
        return found

    assert listed(startedBy="slipway/x-b") == [arn]
    assert len(listed(family="web")) == 2
    assert arn not in listed(serviceName="web")
    until(web, arn, "STOPPED")
    assert listed(startedBy="slipway/x-b") == []
    assert listed(family="web", desiredStatus="STOPPED") == [arn]
    web.clock.advance(3600)
    assert listed(desiredStatus="STOPPED") == []


@pytest.mark.parametrize(
    "more", [{"family": "web"}, {"desiredStatus": "STOPPED"}, {"launchType": "FARGATE"}]
)
def test_who_started_a_task_must_be_the_only_filter(web: WebService, more: dict[str, str]) -> None:
    with pytest.raises(
        web.api.exceptions.InvalidParameterException, match="cannot specify started"
    ):
        web.api.list_tasks(cluster="dev", startedBy="slipway/x-b", **more)


def test_no_service_counts_a_standalone_task(web: WebService) -> None:
    web.create(desired=1)
    arn = started(web, str(web.service()["taskDefinition"]))
    until(web, arn, "RUNNING")
    assert web.service()["runningCount"] == 1
    assert arn not in {task.arn for task in web.ecs.tasks(SERVICE)}
    [cluster] = web.api.describe_clusters(clusters=["dev"])["clusters"]
    assert cluster["runningTasksCount"] == 2


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"networkConfiguration": None}, "must be provided when networkMode 'awsvpc'"),
        (
            {"capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]},
            "both a launch type and capacity provider strategy",
        ),
        ({"propagateTags": "SERVICE"}, "propagated from the task definition"),
        ({"group": "service:web"}, "Invalid namespace for group"),
        ({"startedBy": "a b"}, "startedBy must have at most 128"),
        ({"startedBy": "a" * 129}, "startedBy must have at most 128"),
        ({"clientToken": "a" * 65}, "clientToken must have at most 64"),
        ({"clientToken": "a b"}, "clientToken must have at most 64"),
        ({"tags": [{"key": "aws:x", "value": "y"}]}, "not allowed for external use"),
        ({"overrides": command(name="db")}, "named db is not a container in the TaskDefinition"),
        ({"overrides": {"containerOverrides": [{"cpu": 1}]}}, "must have a name"),
        ({"overrides": command("x" * 8192)}, "more than 8192 characters"),
        ({"enableExecuteCommand": True}, "requires a task role"),
        ({"placementConstraints": [{"type": "distinctInstance"}]}, "not supported with FARGATE"),
        ({"launchType": "EC2", "platformVersion": "LATEST"}, "platform version must be null"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_what_run_task_refuses(web: WebService, parameters: dict[str, Any], words: str) -> None:
    definition = web.register()
    with pytest.raises(web.api.exceptions.InvalidParameterException, match=words):
        run(web, definition, **parameters)
    assert not web.api.list_tasks(cluster="dev")["taskArns"]


def test_a_longest_token_and_starter_are_taken(web: WebService) -> None:
    starter = "slipway/" + "a" * 120
    assert started(web, web.register(), startedBy=starter, clientToken="!~" + "a" * 62)


def test_a_platform_version_that_does_not_exist_is_refused(web: WebService) -> None:
    with pytest.raises(web.api.exceptions.PlatformUnknownException):
        run(web, web.register(), platformVersion="9.9.9")


def test_a_network_is_refused_where_the_mode_has_none(web: WebService) -> None:
    definition = bridge(web)
    with pytest.raises(web.api.exceptions.InvalidParameterException, match="is not valid for the"):
        run(web, definition, launchType="EC2", networkConfiguration=NETWORK)
    with pytest.raises(web.api.exceptions.InvalidParameterException, match="support launch_type"):
        run(web, definition, networkConfiguration=None)


def test_a_volume_configured_at_launch_needs_its_configuration(web: WebService) -> None:
    definition = bridge(web, volumes=[{"name": "data", "configuredAtLaunch": True}])
    on_ec2 = {"launchType": "EC2", "networkConfiguration": None}
    with pytest.raises(web.api.exceptions.InvalidParameterException, match="volume data is config"):
        run(web, definition, **on_ec2)
    role = "arn:aws:iam::123456789012:role/infrastructure"
    volume = {"name": "data", "managedEBSVolume": {"roleArn": role, "sizeInGiB": 1}}
    assert run(web, definition, **on_ec2, volumeConfigurations=[volume])["tasks"]
    with pytest.raises(web.api.exceptions.InvalidParameterException, match="not configured at la"):
        run(web, bridge(web), **on_ec2, volumeConfigurations=[volume])


def test_an_unknown_or_inactive_revision_and_cluster_are_refused(web: WebService) -> None:
    definition = web.register()
    with pytest.raises(web.api.exceptions.ClientException, match="TaskDefinition not found"):
        run(web, "web:9")
    with pytest.raises(web.api.exceptions.ClusterNotFoundException):
        run(web, definition, cluster="prod")
    web.api.deregister_task_definition(taskDefinition=definition)
    with pytest.raises(web.api.exceptions.InvalidParameterException, match="is inactive"):
        run(web, definition)
    client("ecs").delete_cluster(cluster="dev")
    with pytest.raises(web.api.exceptions.ClusterNotFoundException):
        run(web, definition)


def test_without_capacity_on_fargate_nothing_starts_and_the_failure_has_no_arn(
    web: WebService,
) -> None:
    web.ecs.faults.image("a" * 64, NoCapacity(times=1))
    definition = web.register()
    answer = run(web, definition, count=3)
    assert answer["tasks"] == []
    [failure] = answer["failures"]
    assert set(failure) == {"reason"}
    assert failure["reason"].startswith("Capacity is unavailable at this time.")
    assert not web.events
    assert len(run(web, definition, count=3)["tasks"]) == 3


@pytest.mark.parametrize("reason", ["RESOURCE:MEMORY", "AGENT"])
def test_without_capacity_on_ec2_the_failure_names_an_instance(
    web: WebService, reason: str
) -> None:
    web.ecs.faults.image("a" * 64, NoCapacity(reason))
    answer = run(web, bridge(web), launchType="EC2", networkConfiguration=None)
    [failure] = answer["failures"]
    assert failure["reason"] == reason
    assert ":container-instance/dev/" in failure["arn"]
    assert answer["tasks"] == []


def test_a_group_may_lack_capacity_while_the_service_has_it(web: WebService) -> None:
    web.ecs.faults.service("dev/family:web", NoCapacity())
    web.create(desired=1)
    assert len(run(web, web.register())["failures"]) == 1


def test_a_cluster_without_instances_runs_no_task_on_ec2(web: WebService) -> None:
    definition = bridge(web)
    web.ecs.set_container_instances("dev", 0)
    refused = web.api.exceptions.InvalidParameterException
    with pytest.raises(refused, match="No Container Instances were found in your cluster"):
        run(web, definition, launchType="EC2", networkConfiguration=None)
    assert started(web, web.register())

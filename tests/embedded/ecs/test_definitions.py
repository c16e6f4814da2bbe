"""Task definitions: no field gets lost, and ECS refuses what it does not take."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded.ecs.web_service import GOOD, WebService, client, web_service

CONTAINER = {"name": "web", "image": GOOD, "memory": 128}
FARGATE: dict[str, Any] = {
    "requiresCompatibilities": ["FARGATE"],
    "networkMode": "awsvpc",
    "cpu": "256",
    "memory": "512",
}


@pytest.fixture
def web() -> Iterator[WebService]:
    with web_service() as opened:
        yield opened


def register(api: Any, family: str = "web", **body: Any) -> dict[str, Any]:
    wanted = {"family": family, "containerDefinitions": [CONTAINER]} | body
    answer: dict[str, Any] = api.register_task_definition(**wanted)
    return answer


def raw_client(sent: dict[str, Any], received: list[dict[str, Any]]) -> Any:
    """A client that registers the body `sent`, and adds what it gets back to `received`."""
    api = client("ecs")

    def replace(params: dict[str, Any], **_: Any) -> None:
        params["body"] = json.dumps(sent).encode()

    def keep(response_dict: dict[str, Any], **_: Any) -> None:
        received.append(json.loads(response_dict["body"]))

    api.meta.events.register("before-call.ecs.RegisterTaskDefinition", replace)
    api.meta.events.register("before-parse.ecs.DescribeTaskDefinition", keep)
    return api


def test_unknown_fields_and_empty_values_survive(web: WebService) -> None:
    del web
    sent: dict[str, Any] = {
        "family": "web",
        "networkMode": "awsvpc",
        "fieldOfNextYear": {"mode": "", "list": [], "count": 0},
        "proxyConfiguration": {"containerName": "", "properties": [{"name": "a", "value": ""}]},
        "containerDefinitions": [
            CONTAINER
            | {
                "environment": [{"name": "EMPTY", "value": ""}],
                "command": [],
                "newContainerField": [0, ""],
                "portMappings": [{"containerPort": 80, "appProtocolOfNextYear": "h4"}],
            }
        ],
    }
    received: list[dict[str, Any]] = []
    api = raw_client(sent, received)
    register(api)
    api.describe_task_definition(taskDefinition="web")

    [answer] = received
    found = answer["taskDefinition"]
    [container], [original] = found["containerDefinitions"], sent["containerDefinitions"]
    assert found["fieldOfNextYear"] == sent["fieldOfNextYear"]
    assert found["proxyConfiguration"] == sent["proxyConfiguration"]
    assert {name: container[name] for name in original if name != "portMappings"} == {
        name: value for name, value in original.items() if name != "portMappings"
    }
    assert container["portMappings"] == [
        {"containerPort": 80, "appProtocolOfNextYear": "h4", "hostPort": 80, "protocol": "tcp"}
    ]
    assert "tags" not in answer


def test_registering_what_was_described_changes_nothing_but_the_revision(web: WebService) -> None:
    first = register(web.api)["taskDefinition"]
    response_only = {
        "taskDefinitionArn",
        "revision",
        "status",
        "requiresAttributes",
        "compatibilities",
        "registeredAt",
        "registeredBy",
    }
    body = {name: value for name, value in first.items() if name not in response_only}
    second = web.api.register_task_definition(**body)["taskDefinition"]
    assert {name: second[name] for name in body} == body
    assert set(second) - set(body) == response_only
    assert second["revision"] == 2


def test_tags_come_only_when_asked_for(web: WebService) -> None:
    tags = [{"key": "team", "value": "a"}]
    assert register(web.api, tags=tags)["tags"] == tags
    plain = web.api.describe_task_definition(taskDefinition="web")
    tagged = web.api.describe_task_definition(taskDefinition="web", include=["TAGS"])
    assert plain.get("tags", []) == []
    assert tagged["tags"] == tags


def test_tags_can_be_changed_and_listed(web: WebService) -> None:
    arn = register(web.api)["taskDefinition"]["taskDefinitionArn"]
    web.api.tag_resource(resourceArn=arn, tags=[{"key": "a", "value": "1"}])
    web.api.tag_resource(resourceArn=arn, tags=[{"key": "a", "value": "2"}])
    assert web.api.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "a", "value": "2"}]
    web.api.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert web.api.list_tags_for_resource(resourceArn=arn)["tags"] == []
    web.create()
    service = web.service()["serviceArn"]
    web.api.tag_resource(resourceArn=service, tags=[{"key": "b", "value": "1"}])
    listed = web.api.list_tags_for_resource(resourceArn=service)["tags"]
    assert listed == [{"key": "b", "value": "1"}]


def test_tags_of_clusters_stay_with_moto(web: WebService) -> None:
    arn = web.api.describe_clusters(clusters=["dev"])["clusters"][0]["clusterArn"]
    web.api.tag_resource(resourceArn=arn, tags=[{"key": "a", "value": "1"}])
    assert web.api.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "a", "value": "1"}]


def test_a_deregistered_revision_stays_describable_and_is_skipped_by_family(
    web: WebService,
) -> None:
    register(web.api)
    newest = register(web.api)["taskDefinition"]["taskDefinitionArn"]
    gone = web.api.deregister_task_definition(taskDefinition=newest)["taskDefinition"]
    assert (gone["status"], "deregisteredAt" in gone) == ("INACTIVE", True)
    by_family = web.api.describe_task_definition(taskDefinition="web")["taskDefinition"]
    assert by_family["revision"] == 1
    by_arn = web.api.describe_task_definition(taskDefinition=newest)["taskDefinition"]
    assert by_arn["status"] == "INACTIVE"
    assert register(web.api)["taskDefinition"]["revision"] == 3


def test_definitions_are_listed_by_whole_family_in_order_and_in_pages(web: WebService) -> None:
    for family in ("web", "web-worker", "web"):
        register(web.api, family)
    for _ in range(10):
        register(web.api)
    listed = web.api.list_task_definitions(familyPrefix="web", sort="DESC", maxResults=5)
    revisions = [arn.split("/")[1] for arn in listed["taskDefinitionArns"]]
    assert revisions == ["web:12", "web:11", "web:10", "web:9", "web:8"]
    pages = web.api.get_paginator("list_task_definitions").paginate(
        familyPrefix="web", PaginationConfig={"PageSize": 5}
    )
    assert len([arn for page in pages for arn in page["taskDefinitionArns"]]) == 12
    web.api.deregister_task_definition(taskDefinition="web:3")
    inactive = web.api.list_task_definitions(status="INACTIVE")["taskDefinitionArns"]
    assert [arn.split("/")[1] for arn in inactive] == ["web:3"]
    assert web.api.list_task_definition_families()["families"] == ["web", "web-worker"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"containerDefinitions": []}, "Container list cannot be empty"),
        ({"containerDefinitions": [CONTAINER] * 11}, "more than 10"),
        ({"containerDefinitions": [{"name": "web", "memory": 1}]}, "Container.image should not"),
        ({"containerDefinitions": [{"name": "web", "image": "x"}]}, "At least one of 'memory'"),
        ({"tags": [{"key": "aws:cloudformation", "value": "x"}]}, "aws: prefixed"),
        ({"requiresCompatibilities": ["FARGATE"]}, "Fargate requires that 'cpu'"),
        (FARGATE | {"cpu": "100"}, "No Fargate configuration exists for given values: 100 CPU"),
        (FARGATE | {"memory": "4096"}, "given values: 256 CPU, 4096 memory"),
        (FARGATE | {"cpu": "2 vCPU", "memory": "3 GB"}, "given values: 2048 CPU, 3072 memory"),
        ({"family": "x y"}, "Family contains invalid characters"),
        (
            {"containerDefinitions": [CONTAINER | {"command": ["x" * 65536]}]},
            "Max allowed length is '65536' bytes",
        ),
    ],
    ids=[
        *("none", "eleven", "no image", "no memory", "reserved tag", "fargate"),
        *("100 CPU", "much memory", "little memory", "a blank in the family", "64 KiB"),
    ],
)
def test_ecs_refuses_what_it_cannot_register(
    web: WebService, body: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message):
        register(web.api, **body)
    assert web.api.list_task_definitions()["taskDefinitionArns"] == []


@pytest.mark.parametrize(
    ("cpu", "memory"), [("256", "512"), (".5 vCPU", "1GB"), ("1024", "3 GB"), ("16 vCPU", "122880")]
)
def test_the_sizes_that_fargate_has_are_taken_as_they_are_written(
    web: WebService, cpu: str, memory: str
) -> None:
    register(web.api, **FARGATE | {"cpu": cpu, "memory": memory})
    found = web.api.describe_task_definition(taskDefinition="web")["taskDefinition"]
    assert (found["cpu"], found["memory"]) == (cpu, memory)


def test_an_unknown_definition_cannot_be_described(web: WebService) -> None:
    for name in ("web", "web:7", "web:latest"):
        with pytest.raises(ClientError, match="Unable to describe task definition"):
            web.api.describe_task_definition(taskDefinition=name)


def test_an_inactive_revision_cannot_be_deployed(web: WebService) -> None:
    web.create()
    gone = web.register()
    web.api.deregister_task_definition(taskDefinition=gone)
    with pytest.raises(web.api.exceptions.ClientException, match="TaskDefinition is inactive"):
        web.update(gone)


def test_only_inactive_revisions_can_be_deleted(web: WebService) -> None:
    for _ in range(2):
        register(web.api)
    web.api.deregister_task_definition(taskDefinition="web:1")
    answer = web.api.delete_task_definitions(taskDefinitions=["web:1", "web:2", "web:9"])
    [deleted] = answer["taskDefinitions"]
    assert (deleted["revision"], deleted["status"]) == (1, "DELETE_IN_PROGRESS")
    assert "deleteRequestedAt" in deleted
    assert [each["arn"] for each in answer["failures"]] == ["web:2", "web:9"]

"""What Slipway refuses: the reply or the record says why, and nothing is changed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from example import conflicto
from tests.dialect.account import CLUSTER, FAMILY, REPOSITORY, SERVICE, SERVICE_NAME
from tests.dialect.rehearsed import TARGETS, rehearsed


@pytest.mark.parametrize(
    ("function", "payload", "expected"),
    [
        ("deploy", {"service": "x/y", "image": "a", "by": "b", "why": "c"}, "no target is named"),
        ("deploy", {"service": SERVICE, "image": "nope", "by": "b", "why": "c"}, "has no image"),
        ("deploy", {"service": SERVICE, "image": "a", "by": "b"}, "`why`"),
        ("deploy", {"service": SERVICE, "image": "a", "by": "b", "why": ""}, "`why`"),
        ("deploy", {"service": SERVICE, "image": 3, "by": "b", "why": "c"}, "`image`"),
        ("deploy", {"service": SERVICE, "image": "a", "by": "b", "why": "c", "x": 1}, "`x`"),
        (
            "deploy",
            {
                "service": SERVICE,
                "image": f"999999999999.dkr.ecr.us-west-2.amazonaws.com/{REPOSITORY}:0a1b2c3",
                "by": "b",
                "why": "c",
            },
            "not the repository",
        ),
        ("rollback", {"service": SERVICE, "by": "b", "why": "c"}, "has not met"),
        ("status", {"service": "x/y"}, "no target is named"),
        ("status", {"deployment": "nope"}, "no deployment nope"),
        ("status", {"what": 1}, "`what`"),
    ],
)
def test_what_is_refused_says_what_was_wanted_and_changes_nothing(
    function: str, payload: dict[str, Any], expected: str
) -> None:
    with rehearsed() as account:
        reply = account.invoke(function, payload)
        assert expected in reply["error"]
        assert set(reply) == {"error"}
        assert account.called("ecs:UpdateService") == 0
        assert account.deployments(SERVICE) == []


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"deploymentController": {"type": "CODE_DEPLOY"}}, "CODE_DEPLOY"),
        (
            {"deploymentConfiguration": {"minimumHealthyPercent": 100, "maximumPercent": 100}},
            "both 100",
        ),
    ],
)
def test_a_service_that_slipway_does_not_deploy_to_is_refused(
    settings: dict[str, Any], expected: str
) -> None:
    with rehearsed(**settings) as account:
        record = account.settle(SERVICE, account.push("abc1234"))
        assert record["status"] == "REFUSED"
        assert expected in record["reason"]
        assert account.called("ecs:UpdateService") == 0
        assert account.told("abc1234") == ["REFUSED"]


def test_an_external_controller_is_refused() -> None:
    with rehearsed() as account:
        with account.undelivered():
            client = account.client("ecs")
            client.delete_service(cluster=CLUSTER, service=SERVICE_NAME, force=True)
            account.advance(120)
            client.create_service(
                cluster=CLUSTER,
                serviceName=SERVICE_NAME,
                desiredCount=1,
                deploymentController={"type": "EXTERNAL"},
            )
        record = account.settle(SERVICE, account.push("abc1234"))
        assert record["status"] == "REFUSED"
        assert "EXTERNAL" in record["reason"]


def test_a_container_that_the_task_definition_lacks_is_refused() -> None:
    with rehearsed(TARGETS + 'containers = ["web"]\n') as account:
        record = account.settle(SERVICE, account.push("abc1234"))
        assert record["status"] == "REFUSED"
        assert "no container named 'web'" in record["reason"]
        assert "conflicto-backend" in record["reason"]


def test_a_task_definition_over_64_kib_is_refused_with_ecs_own_words() -> None:
    with rehearsed() as account:
        client = account.client("ecs")
        image = f"{conflicto.repository_uri(REPOSITORY)}:0a1b2c3"
        definition = conflicto.task_definition("gunicorn_fargate", "backend", "dev", image)
        container = definition["containerDefinitions"][0]
        # As large as ECS takes; our image's digest and tags push it over.
        container["environment"] = [{"name": "BLOB", "value": ""}]
        room = 64 * 1024 - len(json.dumps(definition, separators=(",", ":")))
        for spare in range(0, 2000, 50):
            container["environment"][0]["value"] = "x" * (room - spare)
            try:
                client.register_task_definition(**definition)
                break
            except client.exceptions.ClientException:
                continue
        record = account.settle(SERVICE, account.push("abc1234"))
        assert record["status"] == "REFUSED"
        assert "65536" in record["reason"]
        assert account.revision() == f"{FAMILY}:1"

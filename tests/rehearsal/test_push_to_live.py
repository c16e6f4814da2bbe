"""A push becomes the running version, is watched, and people are told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from embedded.services.ecs import Crash
from example import conflicto
from tests.rehearsal.conftest import CLUSTER, NAME, REPOSITORY, SERVICE, TARGETS

FAMILY = "conflicto-backend-dev"
EVENTS = Path(__file__).parent.parent / "fixtures" / "events"


def test_a_pushed_image_becomes_the_running_version_by_its_digest(team):
    with team() as t:
        digest = t.push("abc1234")
        record = t.settle(SERVICE, digest)
        assert record["status"] == "SUCCESSFUL"
        assert t.running() == [f"{FAMILY}:2"] * 2
        found = t.client("ecs").describe_task_definition(
            taskDefinition=f"{FAMILY}:2", include=["TAGS"]
        )
        container = found["taskDefinition"]["containerDefinitions"][0]
        assert container["image"] == f"{conflicto.repository_uri(REPOSITORY)}@{digest}"
        tags = {tag["key"]: tag["value"] for tag in found["tags"]}
        assert tags == {
            "team": "conflicto",
            "managed-by": "terraform",
            "slipway:deployment": record["deployment"],
            "slipway:image-tag": "abc1234",
            "slipway:cause": "push",
        }


def test_the_verdict_comes_within_two_seconds_of_ecs_own_event(team):
    with team() as t:
        record = t.settle(SERVICE, t.push("abc1234"))
        completed = [
            event
            for event in t.events
            if event["detail"].get("eventName") == "SERVICE_DEPLOYMENT_COMPLETED"
        ][-1]
        assert (
            record["updated"][:19]
            <= completed["time"][:17] + f"{int(completed['time'][17:19]) + 2:02d}"
        )


def test_people_are_told_when_it_starts_and_when_it_is_live(team):
    with team() as t:
        t.settle(SERVICE, t.push("abc1234"))
        assert t.told("abc1234") == ["IN_PROGRESS", "SUCCESSFUL"]
        assert t.notices()[-1]["subject"] == f"{NAME}: abc1234 is live"


def test_an_image_under_two_tags_is_one_deployment(team):
    with team() as t:
        digest = t.push("abc1234", "v1.2.3", "latest")
        t.settle(SERVICE, digest)
        t.advance(600)
        assert [one["tag"] for one in t.deployments(SERVICE)] == ["abc1234"]
        assert t.calls.count("ecs:RegisterTaskDefinition") == 1
        assert t.calls.count("ecs:UpdateService") == 1


@pytest.mark.parametrize("sample", sorted(EVENTS.glob("ecr-*.json")), ids=lambda path: path.stem)
def test_only_the_push_of_a_deployable_tag_acts(team, sample):
    event = json.loads(sample.read_text())
    with team() as t:
        reply = t.invoke("on_image_push", event)
        (outcome,) = reply["outcomes"]
        assert outcome["outcome"] == "ignored"
        assert outcome["reason"]
        assert "ecs:UpdateService" not in t.calls


def test_latest_alone_never_deploys(team):
    with team() as t:
        t.push("latest")
        t.advance(600)
        assert t.deployments(SERVICE) == []


def test_one_image_serves_every_service_that_follows_it(team):
    targets = TARGETS + TARGETS.replace("backend-service", "worker-service")
    with team(targets) as t:
        t.deliver = False
        client = t.client("ecs")
        client.register_task_definition(
            **conflicto.task_definition(
                "nginx_fargate", "worker", "dev", f"{conflicto.repository_uri(REPOSITORY)}:0a1b2c3"
            )
        )
        client.create_service(
            cluster=CLUSTER,
            serviceName="conflicto-worker-service-dev",
            taskDefinition="conflicto-worker-dev",
            desiredCount=1,
        )
        t.advance(300)
        t.deliver = True
        digest = t.push("abc1234")
        for service in (SERVICE, f"{CLUSTER}/conflicto-worker-service-dev"):
            assert t.settle(SERVICE, digest)["status"] == "SUCCESSFUL", service


def test_a_good_rollout_costs_at_most_a_dozen_calls_of_ecs(team):
    with team() as t:
        t.settle(SERVICE, t.push("abc1234"))
        t.advance(600)
        calls = [call for call in t.calls if call.startswith("ecs:")]
        assert len(calls) <= 12, calls


def test_a_service_that_wants_no_task_succeeds_and_proves_nothing(team):
    with team(desired=0) as t:
        record = t.settle(SERVICE, t.push("abc1234"))
        assert record["status"] == "SUCCESSFUL"
        assert "0 tasks" in record["reason"]
        refused = t.invoke(
            "rollback", {"service": SERVICE, "to": "abc1234", "by": "a test", "why": "to see"}
        )
        assert "ran successfully" in refused["error"]


def test_observe_mode_tells_what_it_would_do_and_changes_nothing(team):
    with team(TARGETS + 'mode = "observe"\n') as t:
        record = t.settle(SERVICE, t.push("abc1234"))
        assert record["status"] == "OBSERVED"
        assert f"from {FAMILY}:1" in record["reason"]
        assert {call for call in t.calls if call.startswith("ecs:")} == {
            "ecs:DescribeServices",
            "ecs:DescribeTaskDefinition",
        }
        assert t.revision() == f"{FAMILY}:1"
        assert t.told("abc1234") == ["OBSERVED"]


def test_what_terraform_registered_meanwhile_is_picked_up(team):
    with team() as t:
        client = t.client("ecs")
        image = f"{conflicto.repository_uri(REPOSITORY)}:0a1b2c3"
        changed = conflicto.task_definition("gunicorn_fargate", "backend", "dev", image)
        client.register_task_definition(**{**changed, "cpu": "1024", "memory": "2048"})
        record = t.settle(SERVICE, t.push("abc1234"))
        found = client.describe_task_definition(taskDefinition=record["revision"])
        assert found["taskDefinition"]["cpu"] == "1024"


def test_a_revision_that_failed_is_never_built_upon(team):
    with team() as t:
        t.breaks("bad0000", Crash())
        t.settle(SERVICE, t.push("bad0000"))
        record = t.settle(SERVICE, t.push("fed4321"))
        assert record["status"] == "SUCCESSFUL"
        events = [call for call in t.calls if call == "ecs:ListTaskDefinitions"]
        assert len(events) == 1


def test_the_sweep_finds_a_push_whose_event_was_lost(team):
    with team() as t:
        t.settle(SERVICE, t.push("abc1234"))
        t.deliver = False
        digest = t.push("fed4321")
        t.deliver = True
        t.advance(3600 - 60 * t.clock.now().minute)
        t.invoke("sweep", _scheduled(t))
        record = t.settle(SERVICE, digest)
        assert (record["status"], record["cause"]) == ("SUCCESSFUL", "sweep")


def test_meeting_a_service_deploys_nothing(team):
    with team() as t:
        t.deliver = False
        t.push("abc1234")
        t.deliver = True
        for _ in range(8):
            t.invoke("sweep", _scheduled(t))
            t.advance(600)
        assert t.deployments(SERVICE) == []
        assert t.revision() == f"{FAMILY}:1"


def _scheduled(t):
    return {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "account": conflicto.ACCOUNT,
        "region": conflicto.REGION,
        "time": t.clock.now().isoformat(),
        "source": "aws.events",
        "detail-type": "Scheduled Event",
        "resources": [],
        "detail": {},
    }

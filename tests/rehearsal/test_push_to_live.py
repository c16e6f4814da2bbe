"""A push becomes the running version, is watched, and people are told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from embedded.services.ecs import Crash
from example import conflicto
from tests.dialect.account import FAMILY, REPOSITORY, SERVICE, SERVICE_NAME
from tests.dialect.rehearsed import TARGETS, rehearsed

EVENTS = Path(__file__).parent.parent / "fixtures" / "events"


def test_a_pushed_image_becomes_the_running_version_by_its_digest() -> None:
    with rehearsed() as account:
        digest = account.push("abc1234")
        record = account.settle(SERVICE, digest)
        assert record["status"] == "SUCCESSFUL"
        assert account.running() == [f"{FAMILY}:2"] * 2
        found = account.client("ecs").describe_task_definition(
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


def test_the_verdict_comes_within_two_seconds_of_ecs_own_event() -> None:
    with rehearsed() as account:
        record = account.settle(SERVICE, account.push("abc1234"))
        completed = [
            event
            for event in account.events
            if event["detail"].get("eventName") == "SERVICE_DEPLOYMENT_COMPLETED"
        ][-1]
        assert (
            record["updated"][:19]
            <= completed["time"][:17] + f"{int(completed['time'][17:19]) + 2:02d}"
        )


def test_people_are_told_when_it_starts_and_when_it_is_live() -> None:
    with rehearsed() as account:
        account.settle(SERVICE, account.push("abc1234"))
        assert account.told("abc1234") == ["IN_PROGRESS", "SUCCESSFUL"]
        assert account.notices()[-1]["subject"] == f"{SERVICE_NAME}: abc1234 is live"


def test_an_image_under_two_tags_is_one_deployment() -> None:
    with rehearsed() as account:
        digest = account.push("abc1234", "v1.2.3", "latest")
        account.settle(SERVICE, digest)
        account.advance(600)
        assert [record["tag"] for record in account.deployments(SERVICE)] == ["abc1234"]
        assert account.called("ecs:RegisterTaskDefinition") == 1
        assert account.called("ecs:UpdateService") == 1


@pytest.mark.parametrize("sample", sorted(EVENTS.glob("ecr-*.json")), ids=lambda path: path.stem)
def test_only_the_push_of_a_deployable_tag_acts(sample: Path) -> None:
    event = json.loads(sample.read_text())
    with rehearsed() as account:
        reply = account.invoke("on_image_push", event)
        (outcome,) = reply["outcomes"]
        assert outcome["outcome"] == "ignored"
        assert outcome["reason"]
        assert account.called("ecs:UpdateService") == 0


def test_latest_alone_never_deploys() -> None:
    with rehearsed() as account:
        account.push("latest")
        account.advance(600)
        assert account.deployments(SERVICE) == []


def test_a_good_rollout_costs_at_most_a_dozen_calls_of_ecs() -> None:
    with rehearsed() as account:
        account.settle(SERVICE, account.push("abc1234"))
        account.advance(600)
        calls = [call for call in account.calls if call.startswith("ecs:")]
        assert len(calls) <= 12, calls


def test_a_service_that_wants_no_task_succeeds_and_proves_nothing() -> None:
    with rehearsed(desired=0) as account:
        record = account.settle(SERVICE, account.push("abc1234"))
        assert record["status"] == "SUCCESSFUL"
        assert "0 tasks" in record["reason"]
        refused = account.rollback(to="abc1234")
        assert "ran successfully" in refused["error"]


def test_observe_mode_tells_what_it_would_do_and_changes_nothing() -> None:
    with rehearsed(TARGETS + 'mode = "observe"\n') as account:
        record = account.settle(SERVICE, account.push("abc1234"))
        assert record["status"] == "OBSERVED"
        assert f"from {FAMILY}:1" in record["reason"]
        assert {call for call in account.calls if call.startswith("ecs:")} == {
            "ecs:DescribeServices",
            "ecs:DescribeTaskDefinition",
        }
        assert account.revision() == f"{FAMILY}:1"
        assert account.told("abc1234") == ["OBSERVED"]


def test_what_terraform_registered_meanwhile_is_picked_up() -> None:
    with rehearsed() as account:
        client = account.client("ecs")
        image = f"{conflicto.repository_uri(REPOSITORY)}:0a1b2c3"
        changed = conflicto.task_definition("gunicorn_fargate", "backend", "dev", image)
        client.register_task_definition(**{**changed, "cpu": "1024", "memory": "2048"})
        record = account.settle(SERVICE, account.push("abc1234"))
        found = client.describe_task_definition(taskDefinition=record["revision"])
        assert found["taskDefinition"]["cpu"] == "1024"


def test_a_revision_that_failed_is_never_built_upon() -> None:
    with rehearsed() as account:
        account.breaks("bad0000", Crash())
        account.settle(SERVICE, account.push("bad0000"))
        record = account.settle(SERVICE, account.push("fed4321"))
        assert record["status"] == "SUCCESSFUL"
        events = [call for call in account.calls if call == "ecs:ListTaskDefinitions"]
        assert len(events) == 1


def test_the_sweep_finds_a_push_whose_event_was_lost() -> None:
    with rehearsed() as account:
        account.settle(SERVICE, account.push("abc1234"))
        with account.undelivered():
            digest = account.push("fed4321")
        account.advance(3600 - 60 * account.clock.now().minute)
        account.sweep()
        record = account.settle(SERVICE, digest)
        assert (record["status"], record["cause"]) == ("SUCCESSFUL", "sweep")


def test_meeting_a_service_deploys_nothing() -> None:
    with rehearsed() as account:
        with account.undelivered():
            account.push("abc1234")
        for _ in range(8):
            account.sweep()
            account.advance(600)
        assert account.deployments(SERVICE) == []
        assert account.revision() == f"{FAMILY}:1"

"""Reserved tags: each ends as `make local` says, by the rules of the shipped targets file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from chalicelib.decide.follow import tag_deploys
from chalicelib.model.targets import load_targets
from demo import local
from demo.repackaged import with_before
from embedded.account import EmbeddedAws
from example import conflicto, reserved_tags
from rehearsal.rehearsal import rehearse
from tests.dialect.account import CLUSTER, FAMILY, REPOSITORY, SERVICE, SERVICE_NAME
from tests.dialect.rehearsed import RehearsedAccount

TARGETS = Path("chalicelib/targets.toml").read_text("utf-8")
DEADLINE = load_targets(TARGETS, "dev").all[0].deadline


class LocalAccount(RehearsedAccount):
    """The account of `make local`: an image's tag says how its tasks behave."""

    def on_event(self, event: dict[str, Any]) -> None:
        reserved_tags.obey(event, self.ecs.faults)
        super().on_event(event)


@contextmanager
def local_account(targets: str = TARGETS) -> Iterator[LocalAccount]:
    with rehearse(targets, LocalAccount) as account:
        with account.undelivered():
            account.client("ecs").create_cluster(clusterName=CLUSTER)
            conflicto.add_service(
                account.client,
                "backend",
                "gunicorn_fargate",
                container=reserved_tags.HEALTH_CHECK,
            )
            account.advance(300)
        yield account


@pytest.fixture
def account() -> Iterator[LocalAccount]:
    with local_account() as account:
        yield account


def pushed(account: LocalAccount, tag: str) -> tuple[dict[str, Any], float]:
    """The record of this push when it is closed, and the seconds that it took."""
    began = account.now()
    record = account.settle(SERVICE, account.push(tag), limit=DEADLINE + 600)
    return record, (account.now() - began).total_seconds()


@pytest.mark.parametrize(
    ("tag", "status", "seconds", "why"),
    [
        ("abc1234", "SUCCESSFUL", (10, 90), ""),
        ("my-branch-7", "SUCCESSFUL", (10, 90), ""),
        ("crash-1", "ROLLBACK_SUCCESSFUL", (10, 240), "exited with code 1"),
        ("crash-again", "ROLLBACK_SUCCESSFUL", (10, 240), "KeyError: 'DATABASE_URL'"),
        ("unhealthy-1", "ROLLBACK_SUCCESSFUL", (30, 300), "health check failed"),
        ("hang-1", "ROLLBACK_SUCCESSFUL", (DEADLINE, DEADLINE + 300), "10 minutes"),
        ("slow-1", "SUCCESSFUL", (90, 240), ""),
        ("migration-fails-1", "SUCCESSFUL", (10, 90), ""),  # dev has no `before`
    ],
)
def test_a_push_ends_as_its_tag_says(
    account: LocalAccount, tag: str, status: str, seconds: tuple[float, float], why: str
) -> None:
    record, took = pushed(account, tag)
    assert record["status"] == status
    assert seconds[0] <= took <= seconds[1]
    told = "\n".join(notice["body"] for notice in account.notices())
    assert why in f"{record.get('case', '')}\n{told}", told
    account.until(lambda: len(account.running()) == 2, 120)
    revision = f"{FAMILY}:{2 if status == 'SUCCESSFUL' else 1}"
    assert account.running() == [revision, revision]


def test_a_good_push_follows_a_failing_one(account: LocalAccount) -> None:
    assert pushed(account, "crash-1")[0]["status"] == "ROLLBACK_SUCCESSFUL"
    assert pushed(account, "abc1234")[0]["status"] == "SUCCESSFUL"


def test_where_dev_has_a_before_its_tag_makes_the_migration_fail_and_no_other_does() -> None:
    with local_account(with_before(TARGETS)) as account:
        record, _ = pushed(account, "migration-fails-1")
        assert record["status"] == "FAILED"
        assert (
            "`before` task failed: container conflicto-backend exited with code 1"
            in (account.notices()[-1]["body"])
        )
        assert account.running() == [f"{FAMILY}:1"] * 2
        assert pushed(account, "abc1234")[0]["status"] == "SUCCESSFUL"


def test_only_dev_deploys_reserved_tags_and_none_deploys_latest() -> None:
    for stage in conflicto.STAGES:
        (target,) = load_targets(TARGETS, stage).all
        assert not tag_deploys("latest", target)
        for prefix in (*reserved_tags.FAULTS, *reserved_tags.COMMANDS):
            assert tag_deploys(f"{prefix}1", target) is (stage == "dev")


def test_in_the_account_of_make_local_the_plain_api_shows_a_crash() -> None:
    with EmbeddedAws(rate=60) as aws:
        local.build(aws)
        ecr, ecs = aws.client("ecr"), aws.client("ecs")
        manifest = conflicto.manifest("x", "crash-1")
        image = ecr.put_image(
            repositoryName=REPOSITORY, imageTag="crash-1", imageManifest=manifest
        )["image"]["imageId"]["imageDigest"]
        uri = f"{conflicto.repository_uri(REPOSITORY)}@{image}"
        definition = conflicto.task_definition("gunicorn_fargate", "backend", "dev", uri)
        ecs.register_task_definition(**definition)
        ecs.update_service(cluster=CLUSTER, service=SERVICE_NAME, taskDefinition=FAMILY)
        stopped: list[str] = []

        def crashed() -> bool:
            arns = ecs.list_tasks(cluster=CLUSTER, desiredStatus="STOPPED")["taskArns"]
            stopped[:] = arns and [
                str(container.get("exitCode"))
                for task in ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"]
                for container in task["containers"]
            ]
            return "1" in stopped

        assert aws.wait_until(crashed, 300), stopped
        group = f"/ecs/{REPOSITORY}"
        lines = aws.client("logs").filter_log_events(logGroupName=group)["events"]
        assert "KeyError: 'DATABASE_URL'" in [line["message"] for line in lines]


def test_without_make_local_a_reserved_tag_means_nothing() -> None:
    with EmbeddedAws(rate=60) as aws:
        conflicto.build(aws.client)
        for tag in ("crash-1", "migration-fails-1"):
            conflicto.push(aws.client, REPOSITORY, [tag])
            images = [f"x@{conflicto.digest_of(tag)}"]
            assert aws.ecs.faults.strike(images, SERVICE) == ()
            assert aws.ecs.faults.program(images, ["migrate"]) is None

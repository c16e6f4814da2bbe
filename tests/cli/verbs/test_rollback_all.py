"""`slipway rollback --repository`: every service that follows it, one question, one code."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cli import completion
from tests.cli.verbs.conftest import Slipway
from tests.dialect.account import CLUSTER, FAMILY, REPOSITORY, SERVICE, SERVICE_NAME
from tests.dialect.rehearsed import TARGETS, RehearsedAccount, rehearsed

WORKER_NAME = "conflicto-worker-service-dev"
WORKER = f"{CLUSTER}/{WORKER_NAME}"
BOTH = (WORKER, SERVICE)
ALL = ("rollback", "--repository", REPOSITORY)


@pytest.fixture
def account() -> Iterator[RehearsedAccount]:
    """The team's backend, and a worker that follows the same repository; both went to abc1234."""
    worker = TARGETS.replace("backend-service", "worker-service")
    with rehearsed(TARGETS + worker) as made:
        with made.undelivered():
            ecs = made.client("ecs")
            (backend,) = ecs.describe_services(cluster=CLUSTER, services=[SERVICE_NAME])["services"]
            ecs.create_service(
                cluster=CLUSTER,
                serviceName=WORKER_NAME,
                taskDefinition=backend["taskDefinition"],
                desiredCount=1,
                launchType="FARGATE",
                deploymentConfiguration=backend["deploymentConfiguration"],
                networkConfiguration=backend["networkConfiguration"],
            )
            made.advance(300)
        digest = made.push("abc1234")
        for service in BOTH:
            made.settle(service, digest)
        yield made


def runs(account: RehearsedAccount) -> set[str]:
    """The revisions that the services run."""
    found = account.client("ecs").describe_services(
        cluster=CLUSTER, services=[SERVICE_NAME, WORKER_NAME]
    )
    return {one["taskDefinition"].rpartition("/")[2] for one in found["services"]}


def test_a_dry_run_shows_the_plan_of_each_service_and_changes_nothing(
    account: RehearsedAccount, slipway: Slipway
) -> None:
    before = account.stored()
    assert slipway(*ALL, "--dry-run") == 0
    assert all(f"{service}\n" in slipway.said for service in BOTH)
    assert slipway.said.count("would be deployed at once") == 2
    assert slipway.said.count(f"goes to   {FAMILY}:1") == 2
    assert "different images" not in slipway.said
    assert account.stored() == before
    plans = slipway.json(*ALL, "--dry-run")["rollbacks"]
    assert {plan["would"] for plan in plans} == {"deploy"}


def test_one_question_takes_all_back_and_says_how_to_follow_each(
    account: RehearsedAccount, slipway: Slipway, answers: Callable[..., list[str]]
) -> None:
    put = answers("y")
    assert slipway(*ALL, "--why", "errors", "--no-hold") == 0
    assert put == ["Roll 2 services back? [Y/n]"]
    for service in BOTH:
        assert f"{service}: Next: slipway watch " in slipway.said
    ((function, payload),) = slipway.asked
    assert (function, payload["repository"], payload["by"]) == ("rollback", REPOSITORY, "Ops/sam")
    assert (payload["why"], payload["hold"], len(payload["key"])) == ("errors", False, 32)


def test_after_a_question_the_whole_command_is_printed(
    slipway: Slipway, answers: Callable[..., list[str]]
) -> None:
    answers("errors", "y")
    assert slipway(*ALL, "--to", "abc1234") == 0
    same = f"slipway rollback --repository {REPOSITORY} --to abc1234 --why errors --yes --stage dev"
    assert f"The same as: {same}" in slipway.complained


def test_a_person_who_says_no_changes_nothing(
    slipway: Slipway, answers: Callable[..., list[str]]
) -> None:
    answers("n")
    assert slipway(*ALL, "--why", "errors") == 1
    assert slipway.asked == []


def test_it_waits_until_all_are_back(account: RehearsedAccount, slipway: Slipway) -> None:
    assert slipway(*ALL, "--why", "errors", "--wait") == 0
    assert slipway.said.count("SUCCESSFUL") == 2
    assert runs(account) == {f"{FAMILY}:1"}
    again = slipway.json(*ALL, "--why", "errors", "--wait")
    assert {one["status"] for one in again["rollbacks"]} == {"SUCCESSFUL"}
    assert runs(account) == {f"{FAMILY}:1"}


def test_a_rollout_that_is_stopped_counts_as_back(
    account: RehearsedAccount, slipway: Slipway
) -> None:
    account.push("def5678")
    account.advance(20)
    reply = slipway.json(*ALL, "--why", "errors", "--wait")
    assert {one["status"] for one in reply["rollbacks"]} == {"ROLLBACK_SUCCESSFUL"}
    assert slipway(*ALL, "--why", "errors", "--wait") == 0


def test_all_share_the_time_out(account: RehearsedAccount, slipway: Slipway) -> None:
    began = account.now()
    assert slipway(*ALL, "--why", "errors", "--wait", "--timeout", "4s") == 124
    assert (account.now() - began).total_seconds() < 8


def test_one_that_cannot_go_back_is_told_and_the_others_go(
    account: RehearsedAccount, slipway: Slipway
) -> None:
    _only_on_the_backend(account)
    assert slipway(*ALL, "--to", "def5678", "--why", "errors", "--wait") == 6
    assert f"{WORKER} was not rolled back: 'def5678' names no revision" in slipway.said
    assert "SUCCESSFUL" in slipway.said
    assert slipway(*ALL, "--to", "def5678", "--why", "errors") == 6
    assert f"{WORKER} was not rolled back: 'def5678' names no revision" in slipway.said


def test_services_that_run_different_images_are_said_to(
    account: RehearsedAccount, slipway: Slipway
) -> None:
    _only_on_the_backend(account)
    assert slipway(*ALL, "--dry-run") == 0
    assert "They run different images. Next: name the one that all go back to" in slipway.said


def _only_on_the_backend(account: RehearsedAccount) -> None:
    """A newer image runs on the backend, and was never tried on the worker."""
    with account.undelivered():
        digest = account.push("def5678")
        asked = {"service": SERVICE, "image": "def5678", "by": "a test", "why": "to see"}
        account.invoke("deploy", asked)
    account.settle(SERVICE, digest)


@pytest.mark.parametrize("keys", [(), ("--json",), ("--dry-run",)])
def test_where_none_can_go_back_nothing_is_asked(slipway: Slipway, keys: tuple[str, ...]) -> None:
    assert slipway(*ALL, "--to", "zzz9999", "--why", "errors", *keys) == 6
    assert slipway.said.count("'zzz9999' names no revision") == 2
    assert slipway.asked == []
    if keys == ("--json",):
        assert WORKER in json.loads(slipway.said)["error"]


@pytest.mark.parametrize("words", [("rollback",), (*ALL, "backend")])
def test_either_a_service_or_a_repository_is_named(
    slipway: Slipway, words: tuple[str, ...]
) -> None:
    assert slipway(*words, "--why", "errors") == 2
    assert slipway.complained == "Name either a service or --repository, and not both\n"
    assert slipway.lambda_.calls == []


def test_a_repository_that_nothing_follows_is_answered_with_the_one_that_was_meant(
    slipway: Slipway,
) -> None:
    assert slipway("rollback", "--repository", REPOSITORY[:-1], "--why", "errors") == 6
    assert f"did you mean {REPOSITORY}?" in slipway.complained


def test_the_shell_offers_each_repository_once(
    slipway: Slipway, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    context: Any = SimpleNamespace(params={"stage": "dev"})
    assert completion.repositories(context, "back") == [REPOSITORY]
    assert completion.repositories(context, "front") == []
    assert len(slipway.lambda_.calls) == 1

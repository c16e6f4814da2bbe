"""A deployment that fails is rolled back once, and people are told why."""

from __future__ import annotations

import json
from typing import Any

import pytest

from embedded.services.ecs import Crash, Fault, PullError, StartError
from rehearsal import rehearsal
from tests.dialect.account import CLUSTER, FAMILY, SERVICE, SERVICE_NAME
from tests.dialect.rehearsed import NO_BREAKER, NO_ROLLBACK, RehearsedAccount, rehearsed

BAD = "bad0000"
BREAKER = {
    "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
}


@pytest.mark.parametrize(
    ("fault", "settings", "seen"),
    [
        (Crash(exit_code=3), {}, "exited with code 3"),
        (Crash(exit_code=3), NO_ROLLBACK, "exited with code 3"),
        (Crash(exit_code=3), NO_BREAKER, "exited with code 3"),
        (PullError("not found"), {}, "CannotPullContainerError"),
        (PullError("not found"), NO_BREAKER, "CannotPullContainerError"),
    ],
    ids=[
        "crash",
        "crash, breaker without rollback",
        "crash, no breaker",
        "no image",
        "no image, no breaker",
    ],
)
def test_a_failed_deployment_is_rolled_back_once_and_explained(
    fault: Fault, settings: dict[str, Any], seen: str
) -> None:
    with rehearsed(**settings) as account:
        account.breaks(BAD, fault)
        record = account.settle(SERVICE, account.push(BAD))
        account.advance(600)
        assert record["status"] == "ROLLBACK_SUCCESSFUL"
        assert seen in record["case"]
        assert account.revision() == f"{FAMILY}:1"
        assert account.running() == [f"{FAMILY}:1"] * 2
        assert account.told(BAD) == ["IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL"]
        acts = ("ecs:UpdateService", "ecs:StopServiceDeployment")
        assert sum(account.called(act) for act in acts) <= 2


@pytest.mark.parametrize(
    "settings", [{}, NO_ROLLBACK, NO_BREAKER], ids=["breaker", "no rollback", "no breaker"]
)
def test_the_very_first_deployment_failing_touches_nothing(settings: dict[str, Any]) -> None:
    with rehearsed(**settings) as account:
        never_ran(account, **settings)
        record = account.settle(SERVICE, account.push(BAD))
        assert record["status"] == "FAILED"
        assert "no earlier revision" in record["reason"]
        assert account.revision() == record["revision"]
        assert account.called("ecs:UpdateService") == 1


def test_a_service_that_never_ran_is_healed_by_its_first_image() -> None:
    with rehearsed() as account:
        never_ran(account, **NO_BREAKER)
        account.ecs.faults.clear()
        record = account.settle(SERVICE, account.push("abc1234"))
        assert record["status"] == "SUCCESSFUL"


def never_ran(account: RehearsedAccount, **settings: dict[str, Any]) -> None:
    """The service as a team makes it before its first image exists: no task ever ran."""
    account.client("ecs").delete_service(cluster=CLUSTER, service=SERVICE_NAME, force=True)
    account.advance(120)
    account.ecs.faults.service(SERVICE, PullError("not found"))
    account.client("ecs").create_service(
        cluster=CLUSTER,
        serviceName=SERVICE_NAME,
        taskDefinition=f"{FAMILY}:1",
        desiredCount=2,
        **(BREAKER | settings),
    )
    account.advance(60)


def test_a_failed_digest_is_refused_after_another_was_asked_for() -> None:
    with rehearsed() as account:
        account.breaks(BAD, Crash())
        account.settle(SERVICE, account.push(BAD))
        account.settle(SERVICE, account.push("fed4321"))
        account.push("v9", build=BAD)
        account.advance(60)
        again = account.deployments(SERVICE)[0]
        assert (again["tag"], again["status"]) == ("v9", "REFUSED")
        assert "failed here before" in again["reason"]


def test_the_alarm_that_fired_is_named() -> None:
    alarms = {"alarmNames": ["backend-5xx"], "enable": True, "rollback": True}
    with rehearsed(deploymentConfiguration={"alarms": alarms}) as account:
        digest = account.push("abc1234")
        account.advance(10)
        assert account.ecs.alarm(SERVICE, "backend-5xx")
        record = account.settle(SERVICE, digest)
        assert record["status"] == "ROLLBACK_SUCCESSFUL"
        assert "backend-5xx" in record["case"]


def test_a_cause_that_nobody_knows_says_what_was_seen_and_is_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with rehearsed() as account:
        account.breaks("bad0000", StartError("SomethingNew: the moon was in the way"))
        record = account.settle(SERVICE, account.push("bad0000"))
        assert "the moon was in the way" in record["case"]
        (counted,) = [
            json.loads(line)
            for line in capsys.readouterr().out.splitlines()
            if "UnknownCause" in line
        ]
        assert counted["UnknownCause"] == [4.0]
        assert counted["stage"] == "dev"


def test_without_the_metrics_nothing_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    with rehearsed() as account:
        account.settle(SERVICE, account.push("abc1234"))
    assert "_aws" not in capsys.readouterr().out


def test_a_deployment_that_ends_is_measured_for_the_stage(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(rehearsal._ENVIRONMENT, "METRICS", "yes")
    with rehearsed() as account:
        account.settle(SERVICE, account.push("abc1234"))
        account.breaks("bad0000", StartError("no"))
        account.settle(SERVICE, account.push("bad0000"))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    units: dict[str, list[tuple[str, float]]] = {}
    for line in lines:
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        (metric,) = directive["Metrics"]
        assert (directive["Namespace"], directive["Dimensions"]) == ("Slipway", [["stage"]])
        assert line["stage"] == "dev"
        units.setdefault(metric["Name"], []).append((metric["Unit"], *line[metric["Name"]]))
    assert units["Deployments"] == [("Count", 1), ("Count", 0)]
    assert units["FailedChanges"] == [("Count", 1)]
    assert [unit for unit, _ in units["LeadTimeSeconds"]] == ["Seconds"]
    ((unit, restored),) = units["RestoreSeconds"]
    assert unit == "Seconds"
    assert restored > 0

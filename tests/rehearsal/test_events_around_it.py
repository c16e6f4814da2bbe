"""What else happens to a service while Slipway deploys to it, and what comes of it."""

from __future__ import annotations

import pytest

from embedded.services.ecs import Crash, PullError
from tests.rehearsal.conftest import (
    CLUSTER,
    NAME,
    NO_BREAKER,
    NO_ROLLBACK,
    REPOSITORY,
    SERVICE,
    TARGETS,
)

FAMILY = "conflicto-backend-dev"
BAD = "bad0000"
BREAKER = {
    "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
}


def rollback(t, **payload):
    return t.invoke("rollback", {"service": SERVICE, "by": "a test", "why": "to see", **payload})


def deploy(t, image, **payload):
    return t.invoke(
        "deploy", {"service": SERVICE, "image": image, "by": "a test", "why": "to see", **payload}
    )


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
def test_a_failed_deployment_is_rolled_back_once_and_explained(team, fault, settings, seen):
    with team(**settings) as t:
        t.breaks(BAD, fault)
        record = t.settle(SERVICE, t.push(BAD))
        t.advance(600)
        assert record["status"] == "ROLLBACK_SUCCESSFUL"
        assert seen in record["case"]
        assert t.revision() == f"{FAMILY}:1"
        assert t.running() == [f"{FAMILY}:1"] * 2
        assert t.told(BAD) == ["IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL"]
        acts = [
            call for call in t.calls if call in ("ecs:UpdateService", "ecs:StopServiceDeployment")
        ]
        assert len(acts) <= 2


@pytest.mark.parametrize(
    "settings", [{}, NO_ROLLBACK, NO_BREAKER], ids=["breaker", "no rollback", "no breaker"]
)
def test_the_very_first_deployment_failing_touches_nothing(team, settings):
    with team(**settings) as t:
        never_ran(t, **settings)
        record = t.settle(SERVICE, t.push(BAD))
        assert record["status"] == "FAILED"
        assert "no earlier revision" in record["reason"]
        assert t.revision() == record["revision"]
        assert t.calls.count("ecs:UpdateService") == 1


def test_a_service_that_never_ran_is_healed_by_its_first_image(team):
    with team() as t:
        never_ran(t, **NO_BREAKER)
        t.ecs.faults.clear()
        record = t.settle(SERVICE, t.push("abc1234"))
        assert record["status"] == "SUCCESSFUL"


def never_ran(t, **settings):
    """The service as a team makes it before its first image exists: no task ever ran."""
    t.client("ecs").delete_service(cluster=CLUSTER, service=NAME, force=True)
    t.advance(120)
    t.ecs.faults.service(SERVICE, PullError("not found"))
    t.client("ecs").create_service(
        cluster=CLUSTER,
        serviceName=NAME,
        taskDefinition=f"{FAMILY}:1",
        desiredCount=2,
        **(BREAKER | settings),
    )
    t.advance(60)


def test_a_failed_digest_is_refused_after_another_was_asked_for(team):
    with team() as t:
        t.breaks(BAD, Crash())
        t.settle(SERVICE, t.push(BAD))
        t.settle(SERVICE, t.push("fed4321"))
        t.push("v9", build=BAD)
        t.advance(60)
        again = t.deployments(SERVICE)[0]
        assert (again["tag"], again["status"]) == ("v9", "REFUSED")
        assert "failed here before" in again["reason"]


def test_a_newer_push_half_way_supersedes_and_goes_live(team):
    with team() as t:
        older = t.push("abc1234")
        t.advance(10)
        newer = t.push("fed4321")
        assert t.settle(SERVICE, newer)["status"] == "SUCCESSFUL"
        assert t.settle(SERVICE, older)["status"] == "SUPERSEDED"
        assert t.told("abc1234") == ["IN_PROGRESS", "SUPERSEDED"]


def test_a_deployment_in_the_console_half_way_is_never_touched(team):
    with team() as t:
        digest = t.push("abc1234")
        t.advance(10)
        t.client("ecs").update_service(cluster=CLUSTER, service=NAME, taskDefinition=f"{FAMILY}:1")
        record = t.settle(SERVICE, digest)
        t.advance(600)
        assert record["status"] == "SUPERSEDED"
        assert t.revision() == f"{FAMILY}:1"
        assert t.calls.count("ecs:UpdateService") == 1


def test_another_setting_changed_half_way_is_adopted(team):
    with team() as t:
        digest = t.push("abc1234")
        t.advance(10)
        t.client("ecs").update_service(cluster=CLUSTER, service=NAME, forceNewDeployment=True)
        record = t.settle(SERVICE, digest)
        assert record["status"] == "SUCCESSFUL"
        assert t.told("abc1234") == ["IN_PROGRESS", "SUCCESSFUL"]


def test_the_service_deleted_half_way_is_a_failure_that_says_so(team):
    with team() as t:
        digest = t.push("abc1234")
        t.advance(10)
        t.client("ecs").delete_service(cluster=CLUSTER, service=NAME, force=True)
        record = t.settle(SERVICE, digest)
        assert record["status"] == "FAILED"
        assert "deleted" in record["reason"]


def test_scaled_to_zero_half_way_still_ends_well(team):
    with team() as t:
        digest = t.push("abc1234")
        t.advance(5)
        t.client("ecs").update_service(cluster=CLUSTER, service=NAME, desiredCount=0)
        assert t.settle(SERVICE, digest)["status"] == "SUCCESSFUL"
        assert t.described()["desiredCount"] == 0


def test_autoscaling_half_way_is_left_alone(team):
    with team() as t:
        digest = t.push("abc1234")
        t.advance(10)
        t.ecs.scale(SERVICE, 5)
        record = t.settle(SERVICE, digest)
        assert (record["status"], record["desired"]) == ("SUCCESSFUL", 5)
        assert t.described()["desiredCount"] == 5


def test_a_foreign_rollout_under_way_is_waited_for(team):
    with team() as t:
        t.client("ecs").update_service(cluster=CLUSTER, service=NAME, forceNewDeployment=True)
        digest = t.push("abc1234")
        t.advance(5)
        waiting = t.deployments(SERVICE)[0]
        assert (waiting["status"], waiting["revision"]) == ("PENDING", "")
        assert "did not start" in waiting["reason"]
        assert t.settle(SERVICE, digest)["status"] == "SUCCESSFUL"


def test_a_rollback_by_hand_goes_back_and_back_again(team):
    with team() as t:
        for build in ("aaa1111", "bbb2222"):
            t.settle(SERVICE, t.push(build))
            t.advance(60)
        first = rollback(t)
        t.advance(120)
        assert t.invoke("status", {"deployment": first["deployment"]})["deployments"][0][
            "status"
        ] == ("SUCCESSFUL")
        assert t.revision() == f"{FAMILY}:2"
        rollback(t)
        t.advance(120)
        assert t.revision() == f"{FAMILY}:1"
        assert "no proven revision from before" in rollback(t)["error"]


def test_a_rollback_skips_what_a_rollback_left(team):
    with team() as t:
        for build in ("aaa1111", "bbb2222"):
            t.settle(SERVICE, t.push(build))
            t.advance(60)
        rollback(t)  # leaves bbb2222 (revision 3), back on aaa1111 (revision 2)
        t.advance(120)
        t.settle(SERVICE, t.push("ccc3333"))
        rollback(t)
        t.advance(120)
        assert t.revision() == f"{FAMILY}:2"


def test_after_an_automatic_rollback_a_rollback_by_hand_says_already_back(team):
    with team() as t:
        t.settle(SERVICE, t.push("aaa1111"))
        t.breaks(BAD, Crash())
        t.settle(SERVICE, t.push(BAD))
        assert f"already back on {FAMILY}:2" in rollback(t)["error"]


@pytest.mark.parametrize("form", ["deployment", "revision", "tag", "digest"])
def test_a_rollback_takes_to_in_every_form(team, form):
    with team() as t:
        wanted = t.settle(SERVICE, t.push("aaa1111"))
        t.settle(SERVICE, t.push("bbb2222"))
        rollback(t, to=wanted[form])
        t.advance(120)
        assert t.revision() == wanted["revision"]


def test_an_inactive_revision_is_registered_again_as_a_copy(team):
    with team() as t:
        wanted = t.settle(SERVICE, t.push("aaa1111"))
        t.settle(SERVICE, t.push("bbb2222"))
        t.client("ecs").deregister_task_definition(taskDefinition=wanted["revision"])
        rollback(t, to="aaa1111")
        t.advance(120)
        assert t.revision() == f"{FAMILY}:4"
        copy = t.client("ecs").describe_task_definition(taskDefinition=f"{FAMILY}:4")
        image = copy["taskDefinition"]["containerDefinitions"][0]["image"]
        assert image.endswith(wanted["digest"])


def test_a_rollback_while_a_deployment_is_open_stops_it_and_returns_its_id(team):
    with team() as t:
        digest = t.push("abc1234")
        t.advance(10)
        reply = rollback(t)
        record = t.settle(SERVICE, digest)
        assert reply["deployment"] == record["deployment"]
        assert record["status"] == "ROLLBACK_SUCCESSFUL"
        assert "stopped by hand by a test: to see" in record["reason"]
        assert t.running() == [f"{FAMILY}:1"] * 2


def test_only_the_same_key_is_a_duplicate_by_hand(team):
    with team() as t:
        t.settle(SERVICE, t.push("abc1234"))
        first = deploy(t, "abc1234", key="one")
        assert deploy(t, "abc1234", key="one")["deployment"] == first["deployment"]
        t.advance(120)
        assert deploy(t, "abc1234", key="two")["deployment"] != first["deployment"]


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
    team, function, payload, expected
):
    with team() as t:
        reply = t.invoke(function, payload)
        assert expected in reply["error"]
        assert set(reply) == {"error"}
        assert "ecs:UpdateService" not in t.calls
        assert t.deployments(SERVICE) == []


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
def test_a_service_that_slipway_does_not_deploy_to_is_refused(team, settings, expected):
    with team(**settings) as t:
        record = t.settle(SERVICE, t.push("abc1234"))
        assert record["status"] == "REFUSED"
        assert expected in record["reason"]
        assert "ecs:UpdateService" not in t.calls
        assert t.told("abc1234") == ["REFUSED"]


def test_a_container_that_the_task_definition_lacks_is_refused(team):
    with team(TARGETS + 'containers = ["web"]\n') as t:
        record = t.settle(SERVICE, t.push("abc1234"))
        assert record["status"] == "REFUSED"
        assert "no container named 'web'" in record["reason"]
        assert "conflicto-backend" in record["reason"]

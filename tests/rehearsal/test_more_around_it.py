"""People, families and bad input: what else a deployment meets."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embedded.services.ecs import Crash, StartError
from example import conflicto
from tests.rehearsal.conftest import CLUSTER, NAME, NO_BREAKER, REPOSITORY, SERVICE, TARGETS

FAMILY = "conflicto-backend-dev"
WHO = {"by": "a test", "why": "to see"}


def test_a_deployment_by_hand_half_way_supersedes_the_push(team):
    with team() as t:
        pushed = t.push("abc1234")
        t.advance(10)
        reply = t.invoke("deploy", {"service": SERVICE, "image": "0a1b2c3", **WHO})
        assert reply["status"] == "IN_PROGRESS"
        assert t.settle(SERVICE, pushed)["status"] == "SUPERSEDED"
        record = t.settle(SERVICE, conflicto.digest_of("backend: the first image"))
        assert (record["status"], record["by"], record["why"]) == ("SUCCESSFUL", "a test", "to see")


@pytest.mark.parametrize(
    "host",
    [
        "123456789012.dkr.ecr-fips.us-west-2.amazonaws.com",
        "123456789012.dkr-ecr.us-west-2.on.aws",
    ],
    ids=["FIPS", "dual stack"],
)
def test_a_service_on_another_host_of_its_registry_is_deployed_and_stays_there(team, host):
    with team() as t:
        image = f"{host}/{REPOSITORY}:0a1b2c3"
        base = conflicto.task_definition("gunicorn_fargate", "backend", "dev", image)
        t.client("ecs").register_task_definition(**base)
        digest = t.push("abc1234")
        assert t.settle(SERVICE, digest)["status"] == "SUCCESSFUL"
        found = t.client("ecs").describe_task_definition(taskDefinition=t.revision())
        [container] = found["taskDefinition"]["containerDefinitions"]
        assert container["image"] == f"{host}/{REPOSITORY}@{digest}"


def test_who_and_why_stand_in_the_notice(team):
    with team() as t:
        t.settle(SERVICE, t.push("abc1234"))
        reply = t.invoke("deploy", {"service": SERVICE, "image": "0a1b2c3", **WHO})
        t.settle(SERVICE, conflicto.digest_of("backend: the first image"))
        told = [
            one for one in t.notices() if one["attributes"]["deployment"] == reply["deployment"]
        ]
        assert all("a deployment by hand, by a test" in one["body"] for one in told)
        assert all("to see" in one["body"] for one in told)


@pytest.mark.parametrize("form", ["tag", "digest", "uri by tag", "uri by digest"])
def test_an_image_is_named_by_hand_in_every_form(team, form):
    uri = conflicto.repository_uri(REPOSITORY)
    with team() as t:
        t.deliver = False
        digest = t.push("abc1234")
        image = {
            "tag": "abc1234",
            "digest": digest,
            "uri by tag": f"{uri}:abc1234",
            "uri by digest": f"{uri}@{digest}",
        }[form]
        t.deliver = True
        t.invoke("deploy", {"service": SERVICE, "image": image, **WHO})
        assert t.settle(SERVICE, digest)["status"] == "SUCCESSFUL"


def test_two_services_of_one_family_are_both_deployed_and_never_build_on_a_failure(team):
    other = "conflicto-jobs-service-dev"
    targets = TARGETS + TARGETS.replace("backend-service", "jobs-service")
    with team(targets) as t:
        t.deliver = False
        t.client("ecs").create_service(
            cluster=CLUSTER, serviceName=other, taskDefinition=FAMILY, desiredCount=1
        )
        t.advance(300)
        t.deliver = True
        t.ecs.faults.service(f"{CLUSTER}/{other}", Crash())
        bad = t.push("bad0000")
        assert t.settle(SERVICE, bad)["status"] == "SUCCESSFUL"
        assert t.settle(f"{CLUSTER}/{other}", bad)["status"] == "ROLLBACK_SUCCESSFUL"
        t.ecs.faults.clear()
        good = t.push("fed4321")
        for service in (SERVICE, f"{CLUSTER}/{other}"):
            record = t.settle(service, good)
            assert record["status"] == "SUCCESSFUL"
            found = t.client("ecs").describe_task_definition(taskDefinition=record["revision"])
            images = [one["image"] for one in found["taskDefinition"]["containerDefinitions"]]
            assert images == [f"{conflicto.repository_uri(REPOSITORY)}@{good}"]


def test_a_newer_push_during_our_own_rollback_goes_live(team):
    with team() as t:
        t.breaks("bad0000", Crash(after=1))
        bad = t.push("bad0000")
        t.until(lambda: "ROLLBACK_IN_PROGRESS" in t.told("bad0000"), 300)
        good = t.push("fed4321")
        assert t.settle(SERVICE, good)["status"] == "SUCCESSFUL"
        assert t.settle(SERVICE, bad)["status"] in {"FAILED", "ROLLBACK_SUCCESSFUL"}
        assert t.revision() == t.deployments(SERVICE)[0]["revision"]


def test_an_external_controller_is_refused(team):
    with team() as t:
        t.deliver = False
        client = t.client("ecs")
        client.delete_service(cluster=CLUSTER, service=NAME, force=True)
        t.advance(120)
        client.create_service(
            cluster=CLUSTER,
            serviceName=NAME,
            desiredCount=1,
            deploymentController={"type": "EXTERNAL"},
        )
        t.deliver = True
        record = t.settle(SERVICE, t.push("abc1234"))
        assert record["status"] == "REFUSED"
        assert "EXTERNAL" in record["reason"]


def test_a_task_definition_over_64_kib_is_refused_with_ecs_own_words(team):
    with team() as t:
        client = t.client("ecs")
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
        record = t.settle(SERVICE, t.push("abc1234"))
        assert record["status"] == "REFUSED"
        assert "65536" in record["reason"]
        assert t.revision() == f"{FAMILY}:1"


def test_without_a_rollback_target_nothing_is_stopped_by_hand_either(team):
    with team(**NO_BREAKER) as t:
        refused = t.invoke("rollback", {"service": SERVICE, "to": "nothing", **WHO})
        assert "has not met" in refused["error"]


def test_an_override_is_recorded(team):
    with team() as t:
        asked = {"service": SERVICE, "image": "0a1b2c3", "override": True, **WHO}
        reply = t.invoke("deploy", asked)
        from chalicelib.aws.ledger import DynamoLedger  # noqa: PLC0415 - needs the rehearsal

        record = DynamoLedger("ledger", 400).deployment(SERVICE, reply["deployment"])
        assert record is not None
        assert record.override is True


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)


@pytest.mark.parametrize("function", ["deploy", "rollback", "status"])
def test_any_payload_by_hand_is_answered_and_changes_nothing(team, function):
    with team() as t:

        @settings(max_examples=40, suppress_health_check=list(HealthCheck))
        @given(
            payload=st.dictionaries(st.sampled_from(["service", "image", "by", "why", "x"]), JSON)
        )
        def any_payload(payload: dict) -> None:
            reply = t.invoke(function, payload)
            assert set(reply) <= {"error", "deployments"}

        any_payload()
        assert "ecs:UpdateService" not in t.calls
        assert t.deployments(SERVICE) == []


@pytest.mark.parametrize("function", ["on_image_push", "on_service_change"])
def test_any_event_is_answered_and_changes_nothing(team, function):
    envelope = {
        "source": "aws.ecr",
        "detail-type": "ECR Image Action",
        "time": "2026-03-02T10:15:30Z",
    }
    with team() as t:

        @settings(max_examples=40, suppress_health_check=list(HealthCheck))
        @given(noise=st.dictionaries(st.sampled_from([*envelope, "detail", "resources"]), JSON))
        def any_event(noise: dict) -> None:
            reply = t.invoke(function, {**envelope, **noise})
            assert [one["outcome"] for one in reply["outcomes"]] == ["ignored"]

        any_event()
        assert not [call for call in t.calls if call.startswith(("ecs:", "dynamodb:"))]


def test_a_cause_that_nobody_knows_says_what_was_seen_and_is_counted(team, capsys):
    with team() as t:
        t.breaks("bad0000", StartError("SomethingNew: the moon was in the way"))
        record = t.settle(SERVICE, t.push("bad0000"))
        assert "the moon was in the way" in record["case"]
        (counted,) = [
            json.loads(line)
            for line in capsys.readouterr().out.splitlines()
            if "UnknownCause" in line
        ]
        assert counted["UnknownCause"] == [4.0]
        assert counted["stage"] == "dev"


def test_the_alarm_that_fired_is_named(team):
    alarms = {"alarmNames": ["backend-5xx"], "enable": True, "rollback": True}
    with team(deploymentConfiguration={"alarms": alarms}) as t:
        digest = t.push("abc1234")
        t.advance(10)
        assert t.ecs.alarm(SERVICE, "backend-5xx")
        record = t.settle(SERVICE, digest)
        assert record["status"] == "ROLLBACK_SUCCESSFUL"
        assert "backend-5xx" in record["case"]

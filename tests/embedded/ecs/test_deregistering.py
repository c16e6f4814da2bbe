"""DeregisterTaskDefinition: what an INACTIVE revision still does, and what it does no more."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace

import botocore.endpoint
import pytest
from botocore.exceptions import ClientError

from embedded.services.ecs import Crash
from tests.embedded.ecs.standalone import run, started, until
from tests.embedded.ecs.web_service import BAD, BREAKER, NETWORK, SERVICE, WebService
from tests.embedded.scheduled_tasks import scheduled_tasks


def deregister(web: WebService, revision: str) -> None:
    web.api.deregister_task_definition(taskDefinition=revision)


def test_a_service_on_an_inactive_revision_goes_on_scales_and_replaces_its_tasks(
    web: WebService,
) -> None:
    revision = web.register()
    web.create(revision)
    deregister(web, revision)
    web.update(desiredCount=4)
    web.clock.advance(120)
    assert web.running() == [revision] * 4

    web.ecs.crash(web.ecs.tasks(SERVICE)[0].id)
    web.clock.advance(120)
    assert web.running() == [revision] * 4
    assert web.service()["taskDefinition"] == revision


def test_a_standalone_task_of_an_inactive_revision_goes_on(web: WebService) -> None:
    revision = web.register()
    arn = started(web, revision, overrides={})
    deregister(web, revision)
    until(web, arn, "RUNNING")


def test_nothing_new_starts_on_an_inactive_revision(web: WebService) -> None:
    web.create()
    gone = web.register()
    deregister(web, gone)
    with pytest.raises(web.api.exceptions.InvalidParameterException, match="is inactive"):
        run(web, gone)
    with pytest.raises(web.api.exceptions.ClientException, match="is inactive"):
        web.update(gone)
    with pytest.raises(web.api.exceptions.ClientException, match="is inactive"):
        web.api.create_service(
            cluster="dev",
            serviceName="other",
            taskDefinition=gone,
            desiredCount=1,
            launchType="FARGATE",
            networkConfiguration=NETWORK,
        )


def test_a_family_is_its_newest_active_revision_wherever_it_is_named(web: WebService) -> None:
    older = web.register()
    web.create(older)
    deregister(web, web.register())
    web.update("web")
    assert web.service()["taskDefinition"] == older
    assert run(web, "web")["tasks"][0]["taskDefinitionArn"] == older
    deregister(web, older)
    with pytest.raises(web.api.exceptions.ClientException, match="TaskDefinition not found"):
        web.update("web")


def test_a_rollback_may_go_back_to_an_inactive_revision(web: WebService) -> None:
    good = web.register()
    web.create(good, deploymentConfiguration=BREAKER)
    web.ecs.faults.image(BAD, Crash())
    web.update(web.register(BAD))
    deregister(web, good)
    assert web.finish(3600) == "ROLLBACK_SUCCESSFUL"
    assert web.running() == [good] * 2


def test_when_it_was_deregistered_is_told_and_stays(web: WebService) -> None:
    revision = web.register()
    deregister(web, revision)

    def when() -> tuple[datetime, str]:
        found = web.api.describe_task_definition(taskDefinition=revision)["taskDefinition"]
        return found["deregisteredAt"], found["status"]

    first = when()
    web.clock.advance(60)
    deregister(web, revision)
    assert when() == first
    web.api.delete_task_definitions(taskDefinitions=[revision])
    deregister(web, revision)
    assert when() == (first[0], "DELETE_IN_PROGRESS")


def test_a_revision_must_be_named_and_there(web: WebService) -> None:
    web.register()
    with pytest.raises(web.api.exceptions.ClientException, match="Revision is missing"):
        deregister(web, "web")
    with pytest.raises(web.api.exceptions.ClientException, match="does not exist"):
        deregister(web, "web:9")


def test_registering_and_deregistering_share_a_bucket(
    web: WebService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda _: None))
    revisions = [web.register() for _ in range(12)]
    for revision in revisions[:8]:
        deregister(web, revision)
    with pytest.raises(ClientError, match="Rate exceeded"):
        deregister(web, revisions[8])
    with pytest.raises(ClientError, match="Rate exceeded"):
        web.register()
    web.clock.advance(1)
    deregister(web, revisions[8])


def test_registered_by_is_who_called() -> None:
    with scheduled_tasks() as job:
        registers = {"Effect": "Allow", "Action": "ecs:RegisterTaskDefinition", "Resource": "*"}
        role = job.make_role("deployer", registers)
        by_role = job.aws._clients.as_role(role, "slipway", "ecs")
        answer = by_role.register_task_definition(
            family="job",
            containerDefinitions=[{"name": "job", "image": "job:1", "memory": 128}],
        )
        account = "123456789012"
        assert answer["taskDefinition"]["registeredBy"] == (
            f"arn:aws:sts::{account}:assumed-role/deployer/slipway"
        )
        person = job.ecs.describe_task_definition(taskDefinition=job.register())["taskDefinition"]
        assert person["registeredBy"] == f"arn:aws:iam::{account}:user/admin"

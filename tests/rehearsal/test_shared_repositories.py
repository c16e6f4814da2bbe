"""Services that share a repository or a family, and the hosts of one registry."""

from __future__ import annotations

import pytest

from embedded.services.ecs import Crash
from example import conflicto
from tests.dialect.account import CLUSTER, FAMILY, FIRST_TAG, REPOSITORY, SERVICE
from tests.dialect.rehearsed import TARGETS, WORKER, add_worker, rehearsed


def test_one_image_serves_every_service_that_follows_it() -> None:
    targets = TARGETS + TARGETS.replace("backend-service", "worker-service")
    with rehearsed(targets) as account:
        add_worker(account)
        digest = account.push("abc1234")
        for service in (SERVICE, f"{CLUSTER}/{WORKER}"):
            assert account.settle(service, digest)["status"] == "SUCCESSFUL"


def test_two_services_of_one_family_are_both_deployed_and_never_build_on_a_failure() -> None:
    other = "conflicto-jobs-service-dev"
    targets = TARGETS + TARGETS.replace("backend-service", "jobs-service")
    with rehearsed(targets) as account:
        with account.undelivered():
            account.client("ecs").create_service(
                cluster=CLUSTER, serviceName=other, taskDefinition=FAMILY, desiredCount=1
            )
            account.advance(300)
        account.ecs.faults.service(f"{CLUSTER}/{other}", Crash())
        bad = account.push("bad0000")
        assert account.settle(SERVICE, bad)["status"] == "SUCCESSFUL"
        assert account.settle(f"{CLUSTER}/{other}", bad)["status"] == "ROLLBACK_SUCCESSFUL"
        account.ecs.faults.clear()
        good = account.push("fed4321")
        for service in (SERVICE, f"{CLUSTER}/{other}"):
            record = account.settle(service, good)
            assert record["status"] == "SUCCESSFUL"
            assert account.images(record["revision"]) == [
                f"{conflicto.repository_uri(REPOSITORY)}@{good}"
            ]


@pytest.mark.parametrize(
    "host",
    [
        "123456789012.dkr.ecr-fips.us-west-2.amazonaws.com",
        "123456789012.dkr-ecr.us-west-2.on.aws",
    ],
    ids=["FIPS", "dual stack"],
)
def test_a_service_on_another_host_of_its_registry_is_deployed_and_stays_there(host: str) -> None:
    with rehearsed() as account:
        image = f"{host}/{REPOSITORY}:{FIRST_TAG}"
        base = conflicto.task_definition("gunicorn_fargate", "backend", "dev", image)
        account.client("ecs").register_task_definition(**base)
        digest = account.push("abc1234")
        assert account.settle(SERVICE, digest)["status"] == "SUCCESSFUL"
        assert account.images(account.revision()) == [f"{host}/{REPOSITORY}@{digest}"]

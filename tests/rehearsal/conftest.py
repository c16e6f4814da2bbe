"""One team's running service, and Slipway beside it, on a virtual clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from example import conflicto
from rehearsal.rehearsal import Rehearsal, rehearse

CLUSTER = "conflicto-dev"
NAME = "conflicto-backend-service-dev"
SERVICE = f"{CLUSTER}/{NAME}"
REPOSITORY = "conflicto-backend-dev"
TARGETS = """
[[target]]
repository = "conflicto-backend-{env}"
cluster    = "conflicto-{env}"
service    = "conflicto-backend-service-{env}"
tags       = '^([0-9a-f]{7,40}|v.*)$'
log_groups = ["/ecs/conflicto-backend-{env}"]
pass_roles = ["arn:aws:iam::*:role/conflicto-*"]
"""
NO_BREAKER = {"deploymentConfiguration": {}}
NO_ROLLBACK = {
    "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": True, "rollback": False}}
}


class Team(Rehearsal):
    """What a person of the team does and sees."""

    def push(self, *tags: str, build: str | None = None) -> str:
        return conflicto.push(self.client, REPOSITORY, tags, build)

    def breaks(self, build: str, fault: Any) -> None:
        self.ecs.faults.image(conflicto.digest_of(build), fault)

    def described(self) -> dict[str, Any]:
        found = self.client("ecs").describe_services(cluster=CLUSTER, services=[NAME])
        return dict(found["services"][0])

    def running(self) -> list[str]:
        """family:revision of every task that runs now, the steady state's own count of times."""
        client = self.client("ecs")
        arns = client.list_tasks(cluster=CLUSTER, serviceName=NAME)["taskArns"]
        tasks = client.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"] if arns else []
        return sorted(
            task["taskDefinitionArn"].rsplit("/", 1)[1]
            for task in tasks
            if task["lastStatus"] == "RUNNING"
        )

    def revision(self) -> str:
        return str(self.described()["taskDefinition"].rsplit("/", 1)[1])

    def told(self, build: str) -> list[str]:
        """The statuses that people were told of this build's deployments, in order."""
        digest = conflicto.digest_of(build)
        mine = {one["deployment"] for one in self.deployments(SERVICE) if one["digest"] == digest}
        return [
            notice["attributes"]["status"]
            for notice in self.notices()
            if notice["attributes"]["deployment"] in mine
        ]


@pytest.fixture
def team() -> Callable[..., Any]:
    """Makes the team's account; keyword arguments change the service (`desired=0`, …)."""

    @contextmanager
    def make(targets: str = TARGETS, **settings: Any) -> Iterator[Team]:
        with rehearse(targets, Team) as rehearsal:
            rehearsal.deliver = False
            rehearsal.client("ecs").create_cluster(clusterName=CLUSTER)
            conflicto.add_service(rehearsal.client, "backend", "gunicorn_fargate", **settings)
            rehearsal.advance(300)
            rehearsal.deliver = True
            yield rehearsal

    return make

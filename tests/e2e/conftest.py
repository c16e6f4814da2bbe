"""The packaged template and zip on the embedded AWS, every function under its own role."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cli.package.build import Package, package
from embedded.account import EmbeddedAws
from example import conflicto

PROJECT = Path(__file__).parents[2]
CLUSTER, NAME = "conflicto-dev", "conflicto-backend-service-dev"
SERVICE = f"{CLUSTER}/{NAME}"
REPOSITORY = FAMILY = "conflicto-backend-dev"
RATE = 60.0
LIMIT = 900


class Account:
    """The team's account with Slipway deployed, as its people see it."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws = aws

    def push(self, *tags: str, build: str | None = None) -> str:
        return conflicto.push(self.aws.client, REPOSITORY, tags, build)

    def status(self) -> list[dict[str, Any]]:
        return list(self.aws.invoke("slipway-dev-status", {"service": SERVICE})["deployments"])

    def told(self) -> list[str]:
        return [notice.attributes["status"] for notice in self.aws.notices()]

    def until_told(self, status: str, limit: float = LIMIT) -> None:
        reached = self.aws.wait_until(lambda: status in self.told(), limit)
        assert reached, (self.told(), [one for one in self.aws.invocations if one.error])

    def until_quiet(self) -> None:
        """Until every watcher has ended and nothing is under way."""
        ended = self.aws.wait_until(
            lambda: self.aws.idle and all(one.status != "RUNNING" for one in self.aws.executions()),
            LIMIT,
        )
        assert ended, self.aws.executions()

    def running(self) -> str:
        """family:revision that the service runs."""
        found = self.aws.client("ecs").describe_services(cluster=CLUSTER, services=[NAME])
        return str(found["services"][0]["taskDefinition"].rsplit("/", 1)[1])

    def calls(self, operation: str) -> int:
        """How often Slipway itself made a call."""
        made = self.aws.recorder.select(operation=operation)
        return sum("slipway" in call.principal for call in made)


@pytest.fixture(scope="session")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """What `make package STAGE=dev` makes; its dependencies are fetched once for all."""
    out = tmp_path_factory.mktemp("package")
    return package(PROJECT, "dev", out, "x86_64", PROJECT / "out" / ".cache")


@pytest.fixture
def account(packaged: Package) -> Callable[..., Any]:
    """Makes the account; the service's settings may be changed."""

    @contextmanager
    def make(**settings: Any) -> Iterator[Account]:
        with EmbeddedAws(rate=RATE) as aws:
            aws.client("ecs").create_cluster(clusterName=CLUSTER)
            conflicto.add_service(aws.client, "backend", "gunicorn_fargate", **settings)
            steady = aws.wait_until(lambda: _steady(aws), LIMIT)
            assert steady
            aws.deploy(packaged.template, packaged.archive)
            yield Account(aws)

    return make


def _steady(aws: EmbeddedAws) -> bool:
    found = aws.client("ecs").describe_services(cluster=CLUSTER, services=[NAME])
    return bool(found["services"][0]["deployments"][0]["rolloutState"] == "COMPLETED")

"""The dialect on a rehearsal: the whole of Slipway in this process, on a virtual clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from embedded.services.ecs import Lag
from example import conflicto
from rehearsal import played
from rehearsal.account import TABLE
from rehearsal.rehearsal import Rehearsal, rehearse
from tests.dialect.account import CLUSTER, FIRST_TAG, REPOSITORY, Account

TARGETS = played.TARGETS
WORKER = "conflicto-worker-service-dev"
# Settings of the service, which otherwise has a circuit breaker that rolls back.
NO_BREAKER: dict[str, Any] = {"deploymentConfiguration": {}}
NO_ROLLBACK: dict[str, Any] = {
    "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": True, "rollback": False}}
}


class RehearsedAccount(Rehearsal, Account):
    """A rehearsal in the words of `Account`."""

    table = TABLE

    def now(self) -> datetime:
        return self.clock.now()

    def called(self, call: str) -> int:
        return self.calls.count(call)

    @contextmanager
    def undelivered(self) -> Iterator[None]:
        """While inside, EventBridge loses every event."""
        self.deliver = False
        yield
        self.deliver = True


@contextmanager
def rehearsed(
    targets: str = TARGETS, lag: Lag | None = None, **settings: Any
) -> Iterator[RehearsedAccount]:
    """The team's service, steady, and Slipway beside it; `settings` change the service."""
    with _beside(targets, lag) as account:
        with account.undelivered():
            conflicto.add_service(account.client, "backend", "gunicorn_fargate", **settings)
            account.advance(300)
        yield account


@contextmanager
def rehearsed_in_express_mode(lag: Lag | None = None) -> Iterator[RehearsedAccount]:
    """As `rehearsed`, and the team's service is an Express service with the same name."""
    with _beside(TARGETS, lag) as account:
        with account.undelivered():
            conflicto.add_express_service(account.client, "backend")
            account.advance(300)
        yield account


def add_worker(account: RehearsedAccount) -> None:
    """Another service, `WORKER`, that runs the backend's image."""
    with account.undelivered():
        client = account.client("ecs")
        image = f"{conflicto.repository_uri(REPOSITORY)}:{FIRST_TAG}"
        definition = conflicto.task_definition("nginx_fargate", "worker", "dev", image)
        client.register_task_definition(**definition)
        client.create_service(
            cluster=CLUSTER,
            serviceName=WORKER,
            taskDefinition="conflicto-worker-dev",
            desiredCount=1,
        )
        account.advance(300)


@contextmanager
def _beside(targets: str, lag: Lag | None = None) -> Iterator[RehearsedAccount]:
    """The team's cluster without a service."""
    with rehearse(targets, RehearsedAccount, lag=lag) as account:
        account.client("ecs").create_cluster(clusterName=CLUSTER)
        yield account

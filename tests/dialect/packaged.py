"""The dialect on the packaged template and zip: the embedded AWS, each function under its role."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any

from cli.package.build import Package
from embedded.account import EmbeddedAws
from embedded.services.lambda_.function import InvocationRecord
from example import conflicto
from tests.dialect.account import CLUSTER, LIMIT, Account

RATE = 60.0  # simulated seconds in a second
STACK = "slipway-dev"


class PackagedAccount(Account):
    """The embedded AWS in the words of `Account`; `aws` has whatever else a test needs."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws, self.ecs = aws, aws.ecs

    def client(self, service: str) -> Any:
        return self.aws.client(service)

    def invoke(self, function: str, payload: dict[str, Any]) -> Any:
        return self.aws.invoke(f"{STACK}-{function}", payload)

    def now(self) -> datetime:
        return self.aws.clock.now()

    def advance(self, seconds: float) -> None:
        end = self.now().timestamp() + seconds
        while self.now().timestamp() < end:
            time.sleep(0.01)

    def until(self, reached: Callable[[], Any], limit: float = LIMIT) -> bool:
        return self.aws.wait_until(reached, limit)

    def notices(self) -> list[dict[str, Any]]:
        return [
            {"subject": notice.subject, "body": notice.body, "attributes": notice.attributes}
            for notice in self.aws.notices()
        ]

    def called(self, call: str) -> int:
        service, operation = call.split(":")
        made = self.aws.recorder.select(service, operation)
        return sum("slipway" in record.principal for record in made)

    @property
    def table(self) -> str:
        return str(self.aws.cloudformation.describe(STACK).resources["Ledger"])

    def until_quiet(self) -> None:
        """Wait until every watcher has ended and nothing is under way."""

        def quiet() -> bool:
            watchers = self.aws.executions()
            return self.aws.idle and all(execution.status != "RUNNING" for execution in watchers)

        assert self.until(quiet), self.aws.executions()

    def invocations(self, function: str) -> list[InvocationRecord]:
        """The invocations of a function that have ended, oldest first."""
        name = f"{STACK}-{function}"
        return [record for record in self.aws.invocations if record.function == name]

    def failed(self) -> list[InvocationRecord]:
        """The invocations that ended in an error."""
        return [record for record in self.aws.invocations if record.error]


Packaged = Callable[..., AbstractContextManager[PackagedAccount]]


@contextmanager
def packaged(package: Package, **settings: Any) -> Iterator[PackagedAccount]:
    """The team's service, steady, and Slipway's stack; `settings` change the service."""
    with EmbeddedAws(rate=RATE) as aws:
        account = PackagedAccount(aws)
        aws.client("ecs").create_cluster(clusterName=CLUSTER)
        conflicto.add_service(aws.client, "backend", "gunicorn_fargate", **settings)
        assert account.until(
            lambda: account.described()["deployments"][0]["rolloutState"] == "COMPLETED"
        )
        aws.deploy(package.template, package.archive)
        yield account

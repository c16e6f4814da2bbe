"""One scenario of `example/scenarios.py`, played to the whole of Slipway on a virtual clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from embedded.services.ecs import Lag
from example import conflicto
from example.scenario import CLUSTER, Build, Scenario, Trial
from rehearsal.rehearsal import Rehearsal, rehearse

TARGETS = """
[[target]]
repository = "conflicto-backend-{env}"
cluster    = "conflicto-{env}"
service    = "conflicto-backend-service-{env}"
tags       = '^([0-9a-f]{7,40}|v.*)$'
log_groups = ["/ecs/conflicto-backend-{env}"]
pass_roles = ["arn:aws:iam::*:role/conflicto-*"]
"""
VERDICTS = {
    "SUCCESSFUL": "successful",
    "ROLLBACK_IN_PROGRESS": "failed",
    "FAILED": "failed",
    "ROLLBACK_SUCCESSFUL": "failed",
    "ROLLBACK_FAILED": "failed",
    "SUPERSEDED": "superseded",
}
BYSTANDER = f"{CLUSTER}/conflicto-frontend-service-dev"
LONG = 3 * 3600


@dataclass
class PlayedAccount(Rehearsal):
    """An account in which one scenario was played to its end; use `played()`.

    `verdict_at` is when the first notice with the right verdict was sent; None if none was.
    `heard` are the events of ECS that reached `on_service_change`, with the times at which ECS sent
    them.
    """

    trial: Trial = field(init=False)
    record: dict[str, Any] = field(init=False)
    verdict_at: datetime | None = field(init=False)
    heard: list[tuple[datetime, dict[str, Any]]] = field(default_factory=list)

    @cache  # noqa: B019 - a rehearsal is short, and making a client is most of its time
    def client(self, service: str) -> Any:
        return super().client(service)

    __hash__ = object.__hash__

    def on_event(self, event: dict[str, Any]) -> None:
        if self.deliver and self.rules["on_service_change"].matches_event(event):
            self.heard.append((self.clock.now(), event))
        super().on_event(event)

    def play(self, scenario: Scenario) -> None:
        self.trial = trial = Trial("backend", scenario, self.client, self.ecs, self.clock, _push)
        self.deliver = False
        self.client("ecs").create_cluster(clusterName=CLUSTER)
        conflicto.add_service(self.client, "frontend", "nginx_fargate")
        trial.build()
        self.until(lambda: trial.ready and self.ecs.service(BYSTANDER).ongoing is None)
        self.deliver = True
        if scenario.earlier:
            trial.push("earlier")
            self.settle(trial.key, trial.digest("earlier"))
        self.calls.clear()
        trial.begin()
        told = len(self.notices())
        trial.push("new")
        said = self.until(lambda: self._verdict_is_told(told), LONG)
        self.verdict_at = self.clock.now() if said else None
        self.record = self.settle(trial.key, trial.digest(), LONG)
        self.advance(900)

    @property
    def verdict(self) -> str:
        """The last verdict on the new image, in the words of a scenario's `right`."""
        status = str(self.record["status"])
        return VERDICTS.get(status, status)

    @property
    def distance(self) -> float | None:
        """Seconds from certainty to the right verdict; None if there was none."""
        certain_at = self.trial.certain_at
        if certain_at is None or self.verdict_at is None:
            return None
        return round((self.verdict_at - certain_at).total_seconds(), 1)

    def _verdict_is_told(self, since: int) -> bool:
        statuses = (notice["attributes"]["status"] for notice in self.notices()[since:])
        return self.trial.scenario.right in map(VERDICTS.get, statuses)


def _push(trial: Trial, build: Build) -> None:
    trial.push(build)


@contextmanager
def played(scenario: Scenario, lag: Lag | None = None) -> Iterator[PlayedAccount]:
    """The account after the scenario; with a `lag`, ECS' reads are some seconds old."""
    with rehearse(TARGETS, PlayedAccount, lag=lag) as account:
        account.play(scenario)
        yield account

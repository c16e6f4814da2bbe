"""What one run left, seen from outside: the ledger, ECS' history, the calls, the notices.

Nothing here asks the product: items are read as they are stored, deployments as ECS keeps them,
acts as they crossed the wire.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from embedded.services.ecs.service_deployments import ServiceDeployment
from tests.dialect.ran import Ran, ran
from tests.fixtures.stored import plain
from tests.reliability.account import FaultyAccount
from tests.reliability.calls import CONTINUE, RUN, STOP, UPDATE, WRITE, Act, Rewrite

CLOSED = frozenset(
    {
        "SUCCESSFUL",
        "FAILED",
        "ROLLBACK_SUCCESSFUL",
        "ROLLBACK_FAILED",
        "SUPERSEDED",
        "REFUSED",
        "OBSERVED",
    }
)
TAG = "slipway:deployment"
Record = Mapping[str, Any]
Key = tuple[str, str, str]  # the kind, the name and the target of a scheduled task


@dataclass
class History:
    """What a run left, when all is quiet."""

    account: FaultyAccount

    @cached_property
    def records(self) -> list[dict[str, Any]]:
        return self.account.records()

    @cached_property
    def heads(self) -> dict[str, dict[str, Any]]:
        return self.account.heads()

    @cached_property
    def notices(self) -> list[dict[str, Any]]:
        """The notices about a deployment.

        Those of the state machine name no service, and those of a service's holds tell of no
        deployment.
        """
        told = self.account.notices()
        return [
            notice
            for notice in told
            if "service" in notice["attributes"]
            and not notice["attributes"]["notice"].startswith("hold-")
        ]

    @cached_property
    def definitions(self) -> dict[str, dict[str, str]]:
        """The tags of every task definition that carries ours, by ARN."""
        tagged = {
            each.arn: {tag["key"]: tag["value"] for tag in each.tags}
            for region in self.account.ecs._regions.values()
            for family in region.definitions._families.values()
            for each in family
        }
        return {arn: tags for arn, tags in tagged.items() if TAG in tags}

    def acts(self, call: str, service: str = "") -> list[Act]:
        return [
            act
            for act in self.account.acts
            if act.call == call and service in ("", service_of(act))
        ]

    @property
    def ours(self) -> list[dict[str, Any]]:
        """The records without what others deployed: nobody needs to hear of those."""
        return [record for record in self.records if record["cause"] != "foreign"]

    def of(self, service: str) -> list[dict[str, Any]]:
        return [record for record in self.records if record["service"] == service]

    @cached_property
    def statuses(self) -> dict[str, list[str]]:
        """The statuses that each record was written with, oldest first."""
        found: dict[str, list[str]] = {}
        for act in self.acts(WRITE):
            for record in written(act)[1]:
                found.setdefault(record["id"], []).append(record["status"])
        return found

    @cached_property
    def ran(self) -> list[Ran]:
        """The `before` and `after` tasks that ran, oldest first."""
        return ran(self.account.run_events)

    @cached_property
    def rewrites(self) -> dict[Key, list[Rewrite]]:
        """What became of each scheduled task, oldest first."""
        found: dict[Key, list[Rewrite]] = {}
        for one in self.account.rewrites:
            found.setdefault((one.kind, one.name, one.target), []).append(one)
        return found

    def rollouts(self, record: Record) -> list[ServiceDeployment]:
        """The service deployments of a record's revision since it was made, newest first."""
        if is_task(record["service"]):
            return []
        return [
            one
            for one in self.account.ecs.service_deployments(record["service"])
            if one.target.revision.definition.arn == record.get("revision", "")
            and one.created_at >= moment(record["created"])
        ]

    def applied(self, service: str) -> list[dict[str, Any]]:
        """The records whose revision was applied to the service, in the order of applying."""
        found: dict[str, dict[str, Any]] = {}
        for act in self.acts(UPDATE, service):
            revision = act.asked["taskDefinition"]
            mine = [
                record
                for record in self.of(service)
                if record.get("revision") == revision and moment(record["created"]) <= act.at
            ]
            if mine and mine[-1].get("return_to") != revision:
                found.setdefault(mine[-1]["id"], mine[-1])
        return list(found.values())


def written(act: Act) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """HEAD, if it was written, and the records of one write of the ledger."""
    items = [plain(put["Put"]["Item"]) for put in act.asked["TransactItems"]]
    heads = [item for item in items if item["sk"] == "HEAD"]
    return (heads[0] if heads else None), [item for item in items if item["sk"] != "HEAD"]


def is_task(service: str) -> bool:
    """Whether it is a [[task]], which ECS has no service of."""
    return service.startswith("@task/")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def place(record: Record) -> tuple[str, str]:
    """Its place in the order: the second, then the time of ECR's push or of the invocation."""
    return record["order"][:19], record.get("pushed_at") or record["order"]


def service_of(act: Act) -> str:
    """The service of a call; of one that registers or runs something, its deployment."""
    asked = act.asked
    if act.call == UPDATE:
        return f"{asked['cluster']}/{asked['service']}"
    if act.call in (STOP, CONTINUE):
        return "/".join(asked["serviceDeploymentArn"].split("/")[1:3])
    if act.call == WRITE:
        return str(asked["TransactItems"][0]["Put"]["Item"]["pk"]["S"])
    if act.call == RUN:
        return deployment_of(asked)
    tags = {tag["key"]: tag["value"] for tag in asked.get("tags", ())}
    return str(tags.get(TAG, ""))


def deployment_of(request: Mapping[str, Any]) -> str:
    """The deployment for which a RunTask request runs a task."""
    return str(request["clientToken"]).rsplit("-", 1)[0]

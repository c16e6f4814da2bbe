"""Push, wait, look: what a person of the team does and sees, in the same words on every AWS.

`RehearsedAccount` plays Slipway in this process on a virtual clock, thousands of times a minute.
`PackagedAccount` plays the packaged Slipway on the embedded AWS. A test that uses only these words
can be moved from one to the other.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime
from typing import Any

from chalicelib.model.deployments import OPEN
from embedded.services.ecs import Ecs, Fault
from example import conflicto
from tests.fixtures.stored import plain

CLUSTER = "conflicto-dev"
SERVICE_NAME = "conflicto-backend-service-dev"
SERVICE = f"{CLUSTER}/{SERVICE_NAME}"
REPOSITORY = FAMILY = "conflicto-backend-dev"
FIRST_TAG = "0a1b2c3"  # of the image that the service is created with
FIRST_BUILD = "backend: the first image"
BY_HAND = {"by": "a test", "why": "to see"}
LIMIT = 900  # simulated seconds after which a wait is a failure


class Account(ABC):
    """The team's AWS account: its cluster, its backend service, and Slipway beside them.

    Records are those that `status` answers; notices are messages on Slipway's topic.
    """

    ecs: Ecs

    @abstractmethod
    def client(self, service: str) -> Any:
        """A boto3 client with the rights of an administrator."""

    @abstractmethod
    def invoke(self, function: str, payload: dict[str, Any]) -> Any:
        """The reply of one of Slipway's functions, named as in app.py."""

    @abstractmethod
    def now(self) -> datetime:
        """The simulated time."""

    @abstractmethod
    def advance(self, seconds: float) -> None:
        """Let so much simulated time pass."""

    @abstractmethod
    def until(self, reached: Callable[[], Any], limit: float = LIMIT) -> bool:
        """Let time pass until `reached()`; whether that was within `limit` simulated seconds."""

    @abstractmethod
    def notices(self) -> list[dict[str, Any]]:
        """The `subject`, `body` and `attributes` of each message so far, oldest first."""

    @abstractmethod
    def called(self, call: str) -> int:
        """How often Slipway itself made a call, such as `ecs:UpdateService`."""

    @property
    @abstractmethod
    def table(self) -> str:
        """The name of the ledger's table."""

    # Push, and what people do by hand

    def push(self, *tags: str, build: str | None = None, repository: str = REPOSITORY) -> str:
        """Push the image of `build` (default: the first tag) under these tags; its digest."""
        return conflicto.push(self.client, repository, tags, build)

    def breaks(self, build: str, fault: Fault) -> None:
        """From now on, tasks that run the image of `build` have this fault."""
        self.ecs.faults.image(conflicto.digest_of(build), fault)

    def deploy(self, image: str, **more: Any) -> dict[str, Any]:
        """Ask Slipway by hand to deploy an image; its reply."""
        return self._ask("deploy", {"service": SERVICE, "image": image, **BY_HAND, **more})

    def rollback(self, **more: Any) -> dict[str, Any]:
        """Ask Slipway by hand to roll back; its reply."""
        return self._ask("rollback", {"service": SERVICE, **BY_HAND, **more})

    def sweep(self) -> list[dict[str, Any]]:
        """Have the schedule run the sweep now; its outcomes."""
        return list(self._ask("sweep", self.scheduled())["outcomes"])

    def _ask(self, function: str, payload: dict[str, Any]) -> dict[str, Any]:
        return dict(self.invoke(function, payload))

    def scheduled(self) -> dict[str, Any]:
        """The event that EventBridge's schedule would send at this moment."""
        return {
            "version": "0",
            "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": conflicto.ACCOUNT,
            "time": self.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": conflicto.REGION,
            "resources": [],
            "detail": {},
        }

    # Wait

    def settle(self, service: str, digest: str, limit: float = LIMIT) -> dict[str, Any]:
        """Wait until the newest deployment of `digest` is closed; its record."""
        closed: list[dict[str, Any]] = []

        def look() -> bool:
            records = [record for record in self.deployments(service) if record["digest"] == digest]
            closed[:] = [record for record in records[:1] if record["status"] not in OPEN]
            return bool(closed)

        assert self.until(look, limit), (service, digest, self.deployments(service))
        return closed[0]

    def until_told(self, status: str, build: str | None = None, limit: float = LIMIT) -> None:
        """Wait until people were told of this status (of a deployment of `build`)."""
        assert self.until(lambda: status in self.told(build), limit), self.told(build)

    # Look

    def deployments(self, service: str) -> list[dict[str, Any]]:
        """A service's records, newest first."""
        return list(self.invoke("status", {"service": service})["deployments"])

    def told(self, build: str | None = None) -> list[str]:
        """The statuses that people were told, in order; with `build`, of its deployments only."""
        attributes = [notice["attributes"] for notice in self.notices()]
        if build is not None:
            digest = conflicto.digest_of(build)
            records = [record for record in self.deployments(SERVICE) if record["digest"] == digest]
            named = {record["deployment"] for record in records}
            attributes = [one for one in attributes if one["deployment"] in named]
        return [one["status"] for one in attributes]

    def described(self) -> dict[str, Any]:
        """What ECS says of the service."""
        found = self.client("ecs").describe_services(cluster=CLUSTER, services=[SERVICE_NAME])
        return dict(found["services"][0])

    def revision(self) -> str:
        """family:revision that the service is to run."""
        return str(self.described()["taskDefinition"].rsplit("/", 1)[1])

    def running(self) -> list[str]:
        """family:revision of every task that runs, sorted."""
        client = self.client("ecs")
        arns = client.list_tasks(cluster=CLUSTER, serviceName=SERVICE_NAME)["taskArns"]
        tasks = client.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"] if arns else []
        return sorted(
            task["taskDefinitionArn"].rsplit("/", 1)[1]
            for task in tasks
            if task["lastStatus"] == "RUNNING"
        )

    def images(self, revision: str) -> list[str]:
        """The image of each container of a revision."""
        found = self.client("ecs").describe_task_definition(taskDefinition=revision)
        return [container["image"] for container in found["taskDefinition"]["containerDefinitions"]]

    def stored(self) -> list[dict[str, Any]]:
        """Every item of the ledger as DynamoDB keeps it, sorted by its sort key."""
        found = self.client("dynamodb").scan(TableName=self.table)["Items"]
        return sorted(found, key=lambda item: str(item["sk"]))

    def records(self) -> list[dict[str, Any]]:
        """The ledger's records, oldest first, read from the table: no function is asked."""
        items = [plain(item) for item in self.stored()]
        found = [item for item in items if item["sk"] != "HEAD"]
        return sorted(found, key=lambda record: (record["created"], record["id"]))

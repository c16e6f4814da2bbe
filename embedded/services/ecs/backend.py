"""Puts the simulated ECS in the place of moto's; only clusters and the like stay moto's.

The simulation also answers for load balancers: what they say of the targets in the services' target
groups, whether or not moto knows these groups.

moto finds its backends by class, and derives URLs and error models from the class' module name. So
the class below claims to live in `moto.ecs.models`. Every ECS request passes
`EC2ContainerServiceResponse.call_action`, in one process as in server mode, after moto has found
the account and the region. There the simulation takes over.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from types import SimpleNamespace
from typing import Any, ClassVar

from moto.ecs.exceptions import TaskDefinitionNotFoundException
from moto.ecs.models import EC2ContainerServiceBackend, ecs_backends
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.elbv2.models import ELBv2Backend
from moto.logs.models import logs_backends

from embedded.services.ecs.api import OPERATIONS
from embedded.services.ecs.api.tags import NotOurs
from embedded.services.ecs.errors import EcsError, UnsupportedFeature
from embedded.services.ecs.names import Place, short
from embedded.services.ecs.region import Region
from embedded.services.ecs.simulator import Ecs
from embedded.services.ecs.targets import NOT_REGISTERED

# What moto keeps. The simulation knows none of it, so the two cannot contradict each other.
MOTO_ANSWERS = (
    "AccountSetting",
    "Attributes",
    "CapacityProvider",
    "Cluster",
    "ContainerInstance",
    "TagsForResource",
    "TagResource",
    "UntagResource",
)
Answer = tuple[int, dict[str, Any], str]
_JSON = "application/x-amz-json-1.1"


class SimulatedBackend(EC2ContainerServiceBackend):
    """What moto keeps per account and region: clusters, capacity providers, settings."""

    __module__ = "moto.ecs.models"
    ecs: ClassVar[Ecs | None] = None

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        if self.ecs is not None:
            place = Place(account_id, region_name)
            self.ecs.open_region(place, self._has_active_cluster)

    def _has_active_cluster(self, name: str) -> bool:
        """DeleteCluster leaves an INACTIVE cluster, in which nothing can be done."""
        return name in self.clusters and self.clusters[name].status == "ACTIVE"

    def describe_clusters(self, cluster_names: list[str]) -> tuple[list[Any], list[Any]]:
        clusters, failures = super().describe_clusters(cluster_names)
        region = self._simulated()
        for cluster in clusters:
            tasks = [each for each in region.tasks.values() if each.cluster == cluster.name]
            services = [each for each in region.services.values() if each.cluster == cluster.name]
            running = [each.last_status == "RUNNING" for each in tasks]
            pending = [each.last_status in ("PROVISIONING", "PENDING") for each in tasks]
            cluster.running_tasks_count = sum(running)
            cluster.pending_tasks_count = sum(pending)
            cluster.active_services_count = sum(each.status == "ACTIVE" for each in services)
        return clusters, failures

    def describe_services(
        self, cluster_str: str, service_names_or_arns: list[str]
    ) -> tuple[list[Any], list[Any]]:
        """Application Auto Scaling asks whether a service exists before it takes a target."""
        region = self._simulated()
        cluster = short(cluster_str)
        found = [region.find_service(cluster, each) for each in service_names_or_arns]
        services = [SimpleNamespace(name=each.name, arn=each.arn) for each in found if each]
        return services, []

    def describe_task_definition(self, task_definition_str: str) -> Any:
        """IAM asks for the roles of the task definition that RunTask names."""
        found = self._simulated().definitions.find(task_definition_str)
        if found is None:
            raise TaskDefinitionNotFoundException
        return SimpleNamespace(
            arn=found.arn,
            task_role_arn=found.body.get("taskRoleArn"),
            execution_role_arn=found.body.get("executionRoleArn"),
        )

    def _simulated(self) -> Region:
        if self.ecs is None:
            raise RuntimeError("The simulated ECS is not installed.")
        return self.ecs.region(Place(self.account_id, self.region_name))


def swap_in(ecs: Ecs) -> None:
    """Put `ecs` in the place of moto's ECS, until it is uninstalled."""
    original_class = ecs_backends.backend
    original_call = EC2ContainerServiceResponse.call_action
    previous = SimulatedBackend.ecs
    SimulatedBackend.ecs = ecs
    ecs_backends.backend = SimulatedBackend
    ecs_backends.clear()  # backends made before have moto's class

    def call_action(self: EC2ContainerServiceResponse) -> Answer:
        return _answer(ecs, self, original_call)

    EC2ContainerServiceResponse.call_action = call_action  # type: ignore[method-assign,assignment]

    original_health = ELBv2Backend.describe_target_health

    def describe_target_health(
        self: ELBv2Backend, target_group_arn: str, targets: list[dict[str, Any]]
    ) -> list[Any]:
        place = Place(self.account_id, self.region_name)
        ours = ecs.targets(place, target_group_arn)
        if ours is None:
            return original_health(self, target_group_arn, targets)
        return _asked_for(targets, ours) if targets else ours

    ELBv2Backend.describe_target_health = describe_target_health  # type: ignore[method-assign]

    def restore() -> None:
        ELBv2Backend.describe_target_health = original_health  # type: ignore[method-assign]
        EC2ContainerServiceResponse.call_action = original_call  # type: ignore[method-assign]
        ecs_backends.backend = original_class
        ecs_backends.clear()
        SimulatedBackend.ecs = previous

    ecs.on_uninstall(restore)


def _asked_for(wanted: list[dict[str, Any]], ours: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The named targets (an id, and a port where one is given), in the order asked for."""
    found = []
    for target in wanted:
        named = [each for each in ours if target.items() <= each["Target"].items()]
        found += named or [{"Target": target, "TargetHealth": NOT_REGISTERED}]
    return found


def _answer(
    ecs: Ecs, response: EC2ContainerServiceResponse, original: Callable[[Any], Any]
) -> Answer:
    operation = response._get_action()
    place = Place(response.current_account, response.region)
    _ = ecs_backends[place.account][place.region]  # the region opens with its backend
    try:
        if operation not in OPERATIONS:
            ecs.limit(place, operation, {})
            return _moto_answer(operation, response, original)
        request = json.loads(response.body or "{}")
        answer = ecs.call(place, operation, request, response.get_access_key())
        return _json(response, 200, answer)
    except NotOurs:
        return _moto_answer(operation, response, original)
    except EcsError as error:
        body = {"__type": error.code, "message": error.message, **error.members}
        return _json(response, 400, body)


def _moto_answer(
    operation: str, response: EC2ContainerServiceResponse, original: Callable[[Any], Any]
) -> Answer:
    """Moto's own answer, where moto has one and keeps what the request is about."""
    unsupported = UnsupportedFeature(f"The embedded ECS does not simulate {operation}.")
    if not any(part in operation for part in MOTO_ANSWERS):
        raise unsupported
    try:
        answer: Answer = original(response)
    except NotImplementedError:
        raise unsupported from None
    return answer


def _json(response: EC2ContainerServiceResponse, status: int, body: dict[str, Any]) -> Answer:
    headers: dict[str, Any] = dict(response.response_headers)
    headers["Content-Type"] = _JSON
    headers["status"] = str(status)
    if status != 200:  # noqa: PLR2004 - HTTP
        headers["x-amzn-ErrorType"] = body["__type"]
    text = json.dumps(body)
    enriched, text = response._enrich_response(headers, text)
    return status, enriched, text


def write_logs(
    place: Place, group: str, stream: str, lines: tuple[str, ...], now: datetime
) -> None:
    """Append to moto's CloudWatch Logs; without the log group the lines are lost.

    `put_log_events` of the backend would compare the times with the real clock; the stream's does
    not.
    """
    found = logs_backends[place.account][place.region].groups.get(group)
    if found is None:
        return
    if stream not in found.streams:
        found.create_log_stream(stream)
    timestamp = int(now.timestamp() * 1000)
    found.streams[stream].put_log_events(
        [{"timestamp": timestamp, "message": line} for line in lines]
    )

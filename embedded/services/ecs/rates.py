"""How many requests ECS takes: token buckets ("Request throttling for the Amazon ECS API").

Documented there: each category of actions has a bucket, in each account and region, with a capacity
(burst) and a refill (sustained rate, tokens a second); a request takes one token; without a token
the answer is ThrottlingException, "Rate exceeded", HTTP 400.
Inferred: a bucket refills steadily rather than once a second; an action that the page does not
list (Stop- and ContinueServiceDeployment, the operations of Express Mode, …) is not limited; a
throttled request takes no token.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from embedded.clock.clock import Clock, seconds_between
from embedded.services.ecs.errors import Throttled
from embedded.services.ecs.names import Place


@dataclass(frozen=True)
class Rate:
    """One category of actions: they share a bucket of `burst` tokens, `sustained` more a second."""

    category: str
    burst: int
    sustained: int
    actions: tuple[str, ...]

    def seconds(self, requests: int) -> float:
        """The shortest time in which so many requests get through, from a full bucket."""
        return max(0.0, (requests - self.burst) / self.sustained)


def _rate(category: str, burst: int, sustained: int, actions: str) -> Rate:
    return Rate(category, burst, sustained, tuple(actions.split()))


DOCUMENTED = (
    _rate(
        "Cluster modify", 20, 1,
        "CreateCluster DeleteCluster PutClusterCapacityProviders UpdateCluster "
        "UpdateClusterSettings",
    ),
    _rate("Cluster read", 50, 20, "DescribeClusters ListClusters"),
    _rate("Task definition modify", 20, 1, "DeregisterTaskDefinition RegisterTaskDefinition"),
    _rate(
        "Task definition read", 50, 20,
        "DescribeTaskDefinition ListTaskDefinitions ListTaskDefinitionFamilies",
    ),
    _rate("Task definition deletion", 5, 1, "DeleteTaskDefinitions"),
    _rate(
        "Capacity provider modify", 10, 1,
        "CreateCapacityProvider DeleteCapacityProvider UpdateCapacityProvider",
    ),
    _rate("Capacity provider read", 50, 20, "DescribeCapacityProviders"),
    _rate("Tag modify", 20, 10, "TagResource UntagResource"),
    _rate("Tag read", 50, 20, "ListTagsForResource"),
    _rate(
        "Setting modify", 10, 1,
        "DeleteAccountSetting PutAccountSetting PutAccountSettingDefault",
    ),
    _rate("Setting read", 50, 20, "ListAccountSettings"),
    _rate(
        "Cluster resource modify", 100, 40,
        "DeleteAttributes DeregisterContainerInstance ExecuteCommand PutAttributes RunTask "
        "StartTask StopTask UpdateContainerAgent UpdateContainerInstancesState",
    ),
    _rate(
        "Cluster resource read", 100, 20,
        "DescribeContainerInstances DescribeTasks ListAttributes ListContainerInstances ListTasks",
    ),
    _rate(
        "Agent modify", 200, 120,
        "RegisterContainerInstance SubmitAttachmentStateChanges SubmitContainerStateChange "
        "SubmitTaskStateChange",
    ),
    _rate("Service modify", 50, 5, "CreateService DeleteService UpdateService"),
    _rate("Service read", 100, 20, "DescribeServices ListServices"),
    _rate("Service deployment", 50, 20, "DescribeServiceDeployments ListServiceDeployments"),
    _rate("Service revision", 50, 20, "DescribeServiceRevisions"),
    _rate("Task protection", 200, 80, "GetTaskProtection UpdateTaskProtection"),
    _rate("Cluster service resource read", 10, 1, "ListServicesByNamespace"),
)  # fmt: skip


class Buckets:
    """The limiter of one simulated ECS. Buckets are full at first, for each account and region."""

    def __init__(self, clock: Clock, rates: Iterable[Rate] = DOCUMENTED) -> None:
        self._clock = clock
        self._rates = {action: rate for rate in rates for action in rate.actions}
        self._left: dict[tuple[Place, str], tuple[datetime, float]] = {}

    def __call__(self, place: Place, operation: str, _request: Mapping[str, Any]) -> None:
        """Take a token for `operation`.

        Raises:
            Throttled: the bucket of its category is empty.
        """
        rate = self._rates.get(operation)
        if rate is None:
            return
        key, now = (place, rate.category), self._clock.now()
        then, left = self._left.get(key, (now, float(rate.burst)))
        left = min(float(rate.burst), left + seconds_between(then, now) * rate.sustained)
        if left < 1:
            self._left[key] = now, left
            raise Throttled
        self._left[key] = now, left - 1

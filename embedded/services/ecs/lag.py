"""Reads that lag behind writes: their answers were true some seconds ago. Off unless asked for.

Documented: ECS' data model is eventually consistent, and what a command has changed may not be
visible to the next ones (RunTask's page); no order of ListTasks and ListServices; lists come in
pages. Reported (kayac/ecspresso#945): in answers of DescribeServices and of UpdateService,
`currentServiceDeployment` may name the deployment before.
Inferred, and harsh on purpose, because AWS promises nothing:
  how old an answer may be; that a later read may be older than an earlier one; that each item of
  an answer, and `currentServiceDeployment` within it, has an age of its own; that what was just
  made is missing at first; that pages of ListTasks and ListServices are shorter than asked for.
What an answer says of an item was true once: nothing is made up. Writes see the present, and so
does the simulation itself. ListServiceDeployments lists the newest first. AWS does not promise that
either, but other clients rely on it; `unordered` takes it away.
"""

from __future__ import annotations

import copy
import random
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from embedded.services.ecs.errors import InvalidParameter
from embedded.services.ecs.past import Past, twin_of
from embedded.services.ecs.region import Operation, Region
from embedded.services.ecs.service import Service
from embedded.services.ecs.views import service_view

_ITEMS = {
    "DescribeServices": ("services", "services"),
    "DescribeTasks": ("tasks", "tasks"),
    "DescribeServiceDeployments": ("serviceDeploymentArns", "serviceDeployments"),
    "DescribeServiceRevisions": ("serviceRevisionArns", "serviceRevisions"),
}
_LISTS = frozenset(
    {
        "ListServiceDeployments",
        "ListServices",
        "ListTaskDefinitionFamilies",
        "ListTaskDefinitions",
        "ListTasks",
    }
)
_UNORDERED = frozenset({"ListServices", "ListTasks"})
_WHOLE = frozenset({"DescribeExpressGatewayService"})  # an answer of one moment
_DEFINITIONS = frozenset(
    {"DescribeTaskDefinition", "ListTaskDefinitionFamilies", "ListTaskDefinitions"}
)


@dataclass(frozen=True)
class Lag:
    """How far reads lag: up to `seconds`, drawn for each read from a generator with this `seed`.

    The share `fresh` of the reads shows the present. Unordered lists come in pages of at most
    `page` items; with `unordered`, ListServiceDeployments is one of them.
    """

    seconds: float = 5.0
    seed: int | str = 0
    fresh: float = 0.25
    page: int = 2
    unordered: bool = False


class LaggingReads:
    """Answers operations as `lag` says, in all regions."""

    def __init__(self, lag: Lag, operations: dict[str, Operation]) -> None:
        self._lag = lag
        self._operations = operations
        self._random = random.Random(lag.seed)
        self._past: dict[int, Past] = {}

    def follow(self, region: Region) -> None:
        """Remember from now on what `region` looks like."""
        past = Past(region, self._lag.seconds)
        self._past[id(region)] = past
        region.simulation.changed = past.keep

    def answer(self, region: Region, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """The answer of one request.

        Raises:
            EcsError: the request is refused, maybe because what it names is not visible yet.
        """
        self._past[id(region)].keep()  # of changes without a timer: autoscaling, a failing host
        act = self._operations[operation]
        if operation in _ITEMS:
            return self._described(region, operation, request)
        if operation in _LISTS:
            return self._listed(region, operation, request)
        if operation in _DEFINITIONS:
            return act(self._as_of(region, self._when(region), definitions=True), request)
        if operation in _WHOLE:
            return act(self._as_of(region, self._when(region)), request)
        answer = act(region, request)
        self._past[id(region)].keep()
        if operation == "UpdateService":
            answer["service"] = self._updated(region, answer["service"])
        return answer

    def _when(self, region: Region) -> datetime:
        now = region.simulation.now()
        if self._random.random() < self._lag.fresh:
            return now
        return now - timedelta(seconds=self._random.uniform(0, self._lag.seconds))

    def _as_of(self, region: Region, moment: datetime, *, definitions: bool = False) -> Region:
        """The region as a read of `moment` sees it."""
        past = self._past[id(region)].at(moment)
        then = copy.copy(region)
        then.services, then.tasks = past.services, past.tasks
        if definitions:
            then.definitions = region.definitions.as_of(moment)
        return then

    def _described(self, region: Region, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        asked, answered = _ITEMS[operation]
        act = self._operations[operation]
        answer = act(region, request)  # refuses what is wrong with the request itself
        answer |= {answered: [], "failures": []}
        for name in request.get(asked) or ():
            then = self._as_of(region, self._when(region))
            single = act(then, {**request, asked: [name]})
            answer["failures"] += single["failures"]
            answer[answered] += single[answered]
        if operation == "DescribeServices":
            for view in answer[answered]:
                self._mix(region, view)
        return answer

    def _mix(self, region: Region, view: dict[str, Any]) -> None:
        """`currentServiceDeployment` has an age of its own."""
        service = self._service_as_of(region, self._when(region), view["serviceArn"])
        current = service.current if service is not None else None
        if current is not None and "currentServiceDeployment" in view:
            view["currentServiceDeployment"] = current.arn

    def _updated(self, region: Region, view: dict[str, Any]) -> dict[str, Any]:
        """The answer of UpdateService: the service, maybe as it was before."""
        service = self._service_as_of(region, self._when(region), view["serviceArn"])
        shown = service_view(service) if service is not None else view
        self._mix(region, shown)
        return shown

    def _service_as_of(self, region: Region, moment: datetime, arn: str) -> Service | None:
        services = self._as_of(region, moment).services.values()
        return next((service for service in services if service.arn == arn), None)

    def _listed(self, region: Region, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """A page of a list; its token leads to the next page of the same moment's list."""
        inner, _, at = str(request.get("nextToken") or "").partition(".")
        moment = _moment(region, at) if inner else self._when(region)
        then = self._as_of(region, moment, definitions=operation in _DEFINITIONS)
        asked = {**request, "nextToken": inner}
        if operation in _UNORDERED or (
            operation == "ListServiceDeployments" and self._lag.unordered
        ):
            asked["maxResults"] = min(
                int(request.get("maxResults") or self._lag.page), self._lag.page
            )
            self._shuffle(then)
        answer = self._operations[operation](then, asked)
        if "nextToken" in answer:
            answer["nextToken"] += f".{moment.timestamp()}"
        return answer

    def _shuffle(self, then: Region) -> None:
        """Put everything in another order, the same for every page."""

        def order(name: str) -> int:
            return zlib.crc32(f"{self._lag.seed} {name}".encode())

        then.tasks = {name: then.tasks[name] for name in sorted(then.tasks, key=order)}
        then.services = {
            name: twin_of(then.services[name]) for name in sorted(then.services, key=order)
        }
        for service in then.services.values():
            service.service_deployments = sorted(
                service.service_deployments, key=lambda deployment: order(deployment.arn)
            )


def _moment(region: Region, text: str) -> datetime:
    try:
        return datetime.fromtimestamp(float(text), region.simulation.now().tzinfo)
    except ValueError as error:
        raise InvalidParameter("Invalid token.") from error

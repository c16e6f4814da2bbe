"""Reads that lag behind writes: answers that were true some seconds ago. Off unless asked for.

Documented: ECS' data model is eventually consistent, and what a command has changed may not be
visible to the next ones (RunTask's page); no order of ListTasks and ListServices; lists come in
pages. Seen by others: `currentServiceDeployment` that names the deployment before, in answers of
DescribeServices and of UpdateService (kayac/ecspresso#945).
Inferred, and unkind on purpose, because nothing is promised:
  how old an answer may be; that a later read may be older than an earlier one; that each item of
  an answer, and `currentServiceDeployment` within it, has an age of its own; that what was just
  made is missing at first; that pages of ListTasks and ListServices are shorter than asked for.
What an answer says of an item was true once: nothing is made up. Writes see the truth, and so
does the simulation itself. ListServiceDeployments stays newest first: that is no promise of AWS
either, but what other clients rely on; `unordered` takes it away.
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
_DEFINITIONS = frozenset(
    {"DescribeTaskDefinition", "ListTaskDefinitionFamilies", "ListTaskDefinitions"}
)


@dataclass(frozen=True)
class Lag:
    """How far reads lag: up to `seconds`, drawn for each read from a random of `seed`.

    A share of `fresh` reads shows the truth. Unordered lists come in pages of at most `page`; with
    `unordered`, ListServiceDeployments is one of them.
    """

    seconds: float = 5.0
    seed: int | str = 0
    fresh: float = 0.25
    page: int = 2
    unordered: bool = False


class LaggingReads:
    """Answers operations as `lag` says; one for all regions."""

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
        self._past[id(region)].keep()  # what no timer did: autoscaling, a failing host
        act = self._operations[operation]
        if operation in _ITEMS:
            return self._described(region, operation, request)
        if operation in _LISTS:
            return self._listed(region, operation, request)
        if operation in _DEFINITIONS:
            return act(self._seen(region, self._when(region), definitions=True), request)
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

    def _seen(self, region: Region, moment: datetime, *, definitions: bool = False) -> Region:
        """The region as a read of `moment` sees it."""
        past = self._past[id(region)].at(moment)
        seen = copy.copy(region)
        seen.services, seen.tasks = past.services, past.tasks
        if definitions:
            seen.definitions = region.definitions.as_of(moment)
        return seen

    def _described(self, region: Region, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        asked, answered = _ITEMS[operation]
        act = self._operations[operation]
        answer = act(region, request)  # refuses what is wrong with the request itself
        answer |= {answered: [], "failures": []}
        for name in request.get(asked) or ():
            seen = self._seen(region, self._when(region))
            one = act(seen, {**request, asked: [name]})
            answer["failures"] += one["failures"]
            answer[answered] += one[answered]
        if operation == "DescribeServices":
            for view in answer[answered]:
                self._mix(region, view)
        return answer

    def _mix(self, region: Region, view: dict[str, Any]) -> None:
        """`currentServiceDeployment` has an age of its own."""
        seen = self._seen(region, self._when(region))
        service = next(
            (one for one in seen.services.values() if one.arn == view["serviceArn"]), None
        )
        current = service.current if service is not None else None
        if current is not None and "currentServiceDeployment" in view:
            view["currentServiceDeployment"] = current.arn

    def _updated(self, region: Region, view: dict[str, Any]) -> dict[str, Any]:
        """UpdateService's own answer: the service, maybe as it was before."""
        seen = self._seen(region, self._when(region))
        service = next(
            (one for one in seen.services.values() if one.arn == view["serviceArn"]), None
        )
        shown = service_view(service) if service is not None else view
        self._mix(region, shown)
        return shown

    def _listed(self, region: Region, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """A page of a list; its token leads to the next page of the same moment's list."""
        inner, _, at = str(request.get("nextToken") or "").partition(".")
        moment = _moment(region, at) if inner else self._when(region)
        seen = self._seen(region, moment, definitions=operation in _DEFINITIONS)
        asked = {**request, "nextToken": inner}
        if operation in _UNORDERED or (
            operation == "ListServiceDeployments" and self._lag.unordered
        ):
            asked["maxResults"] = min(
                int(request.get("maxResults") or self._lag.page), self._lag.page
            )
            self._shuffle(seen)
        answer = self._operations[operation](seen, asked)
        if "nextToken" in answer:
            answer["nextToken"] += f".{moment.timestamp()}"
        return answer

    def _shuffle(self, seen: Region) -> None:
        """Another order, but the same for every page."""

        def order(name: str) -> int:
            return zlib.crc32(f"{self._lag.seed} {name}".encode())

        seen.tasks = {name: seen.tasks[name] for name in sorted(seen.tasks, key=order)}
        seen.services = {
            name: twin_of(seen.services[name]) for name in sorted(seen.services, key=order)
        }
        for service in seen.services.values():
            service.service_deployments = sorted(
                service.service_deployments, key=lambda one: order(one.arn)
            )


def _moment(region: Region, text: str) -> datetime:
    try:
        return datetime.fromtimestamp(float(text), region.simulation.now().tzinfo)
    except ValueError as error:
        raise InvalidParameter("Invalid token.") from error

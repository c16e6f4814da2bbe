"""ECS' operations -> the revisions of a family, and what runs them: implements `Revisions`.

A revision that something runs must be known to be so. Where more would have to be read than is
read here, the answer is an error, never a part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from chalicelib.aws.clients import client, client_once
from chalicelib.aws.errors import translated
from chalicelib.errors import Refused, Unavailable
from chalicelib.model.revisions import ServiceUse
from chalicelib.model.task_definitions import short_name

_PAGE = 100  # the most items that these lists give at once, and the most that DescribeTasks takes
_BATCH = 10  # the most services that DescribeServices takes
# The most pages that are read. Deploying shares the rates: 20 reads a second of each kind.
_PAGES_OF_REVISIONS = 10
_PAGES_OF_CLUSTERS = 1
_PAGES_OF_SERVICES = 10  # of all clusters together
_PAGES_OF_TASKS = 50  # of one family in all clusters


class Revisions:
    """The revisions of one account and region."""

    def active(self, family: str) -> Sequence[str]:
        """Return the ARNs of the family's newest 1,000 ACTIVE revisions, newest first."""
        with translated(f"list the revisions of {family}"):
            pages = (
                client("ecs")
                .get_paginator("list_task_definitions")
                .paginate(
                    familyPrefix=family,
                    status="ACTIVE",
                    sort="DESC",
                    PaginationConfig={"PageSize": _PAGE},
                )
            )
            read = list(islice(pages, _PAGES_OF_REVISIONS))
        return tuple(arn for page in read for arn in page["taskDefinitionArns"])

    def clusters(self) -> Sequence[str]:
        """Return the ARNs of all clusters.

        Raises:
            Refused: when there are more than a hundred.
        """
        with translated("list the clusters"):
            pages = client("ecs").get_paginator("list_clusters").paginate(**_paged())
            found = list(_items(pages, "clusterArns", _PAGES_OF_CLUSTERS, "100 clusters"))
        return tuple(found)

    def uses(self, clusters: Sequence[str]) -> Sequence[ServiceUse]:
        """Return what each service of these clusters runs, of every deployment and task set.

        Raises:
            Refused: when there are more than about a thousand services.
        """
        found: list[ServiceUse] = []
        pages = _PAGES_OF_SERVICES
        for cluster in clusters:
            services = self._services(cluster, pages)
            pages -= len(services) // _PAGE
            for at in range(0, len(services), _BATCH):
                found += self._described(cluster, services[at : at + _BATCH])
        return tuple(found)

    def _services(self, cluster: str, most_pages: int) -> Sequence[str]:
        with translated(f"list the services of {short_name(cluster)}"):
            pages = (
                client("ecs").get_paginator("list_services").paginate(cluster=cluster, **_paged())
            )
            return list(_items(pages, "serviceArns", most_pages, "1,000 services"))

    def _described(self, cluster: str, services: Sequence[str]) -> Iterator[ServiceUse]:
        name = short_name(cluster)
        with translated(f"read the services of {name}"):
            answer = client("ecs").describe_services(cluster=cluster, services=list(services))
        return (_use(name, service) for service in _complete(answer, "services"))

    def tasks(self, clusters: Sequence[str], family: str) -> Sequence[str]:
        """Return the ARNs of the family's revisions that tasks in these clusters have.

        ListTasks gives tasks of one desired status at a time: RUNNING, also for those that are
        starting, and STOPPED, for those that are stopping or ended within the last hour.

        Raises:
            Refused: when there are more than about five thousand tasks.
        """
        found: set[str] = set()
        pages = _PAGES_OF_TASKS
        for cluster in clusters:
            for status in ("RUNNING", "STOPPED"):
                tasks = self._tasks(cluster, family, status, pages)
                pages -= len(tasks) // _PAGE
                for at in range(0, len(tasks), _PAGE):
                    found |= self._run_by(cluster, tasks[at : at + _PAGE])
        return sorted(found)

    def _tasks(self, cluster: str, family: str, status: str, most_pages: int) -> Sequence[str]:
        with translated(f"list the tasks of {family} in {short_name(cluster)}"):
            pages = (
                client("ecs")
                .get_paginator("list_tasks")
                .paginate(cluster=cluster, family=family, desiredStatus=status, **_paged())
            )
            return list(_items(pages, "taskArns", most_pages, f"5,000 tasks of {family}"))

    def _run_by(self, cluster: str, tasks: Sequence[str]) -> set[str]:
        with translated(f"read the tasks of {short_name(cluster)}"):
            answer = client("ecs").describe_tasks(cluster=cluster, tasks=list(tasks))
        return {str(task["taskDefinitionArn"]) for task in _complete(answer, "tasks")}

    def deregister(self, revision: str) -> None:
        """Send DeregisterTaskDefinition once: registering shares its rate, so nothing is repeated.

        What runs goes on, and the revision becomes INACTIVE (API reference).
        """
        with translated(f"deregister {short_name(revision)}"):
            client_once("ecs").deregister_task_definition(taskDefinition=revision)


def _paged() -> dict[str, Any]:
    return {"PaginationConfig": {"PageSize": _PAGE}}


def _items(pages: Any, key: str, most: int, limit: str) -> Iterator[str]:
    """Yield the items of all pages.

    Raises:
        Refused: when there are more pages than `most`.
    """
    for count, page in enumerate(pages):
        if count >= most:
            raise Refused(
                f"there are more than {limit}, and Slipway reads no more to find out what runs a "
                "revision. Next: remove `keep_revisions`, or deregister by hand"
            )
        yield from page[key]


def _complete(answer: Mapping[str, Any], key: str) -> Sequence[Mapping[str, Any]]:
    """Return what ECS described. What is MISSING is gone since it was listed.

    Raises:
        Unavailable: when ECS did not describe something for another reason.
    """
    for failure in answer.get("failures", ()):
        if failure.get("reason") != "MISSING":
            raise Unavailable(f"ECS did not describe {failure.get('arn')}: {failure.get('reason')}")
    return tuple(answer[key])


def _use(cluster: str, service: Mapping[str, Any]) -> ServiceUse:
    """Return what a service runs.

    A service whose deployments ECS does not make has task sets instead (API reference, Service).
    """
    deployments = [*service.get("deployments", ()), *service.get("taskSets", ())]
    named = [each.get("taskDefinition") for each in (service, *deployments)]
    return ServiceUse(
        name=f"{cluster}/{service['serviceName']}",
        revisions=tuple(dict.fromkeys(filter(None, named))),
        rolls_out=any(each.get("rolloutState") == "IN_PROGRESS" for each in deployments),
    )

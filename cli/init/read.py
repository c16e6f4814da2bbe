"""The person's own credentials -> what is in the account. It only reads.

One call that is denied costs what it would have told; the rest goes on. Throttled calls are sent
again by botocore ("standard" mode).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from os.path import commonprefix
from typing import Any, TypeVar

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import ClientError

from chalicelib.errors import Refused
from chalicelib.model.places import Place
from chalicelib.model.registries import ecr_repository
from cli.init.facts import AccountFacts, DefinitionFacts, ServiceFacts
from cli.init.parse import definition_facts, revision_of, short
from cli.terminal import Tell, did_you_mean

_CONFIG = Config(retries={"mode": "standard", "max_attempts": 10})
_DESCRIBED = 10  # DescribeServices: "up to 10 services to describe in a single operation"
_TAGS = 1_000  # of one repository: enough to see what tags look like
_DENIED = frozenset({"AccessDeniedException", "AccessDenied", "UnauthorizedOperation"})
_T = TypeVar("_T")
_GONE = frozenset({"ClusterNotFoundException", "RepositoryNotFoundException"})


def read(session: Session, clusters: Sequence[str], tell: Tell) -> AccountFacts:
    """Return what the account has: all clusters, or those that are named.

    Raises:
        Refused: a named cluster is not there, or the clusters cannot be listed.
    """
    return _Reader(session, tell).all(clusters)


class _Reader:
    def __init__(self, session: Session, tell: Tell) -> None:
        account = self._client(session, "sts").get_caller_identity()["Account"]
        self._place = Place(account=account, region=str(session.region_name))
        self._ecs = self._client(session, "ecs")
        self._ecr = self._client(session, "ecr")
        self._logs = self._client(session, "logs")
        self._tell = tell
        self._definitions: dict[str, DefinitionFacts | None] = {}
        self._unread: dict[str, None] = {}

    @staticmethod
    def _client(session: Session, service: str) -> Any:
        return session.client(service, config=_CONFIG)  # type: ignore[call-overload]

    def all(self, wanted: Sequence[str]) -> AccountFacts:
        clusters = self._clusters(wanted)
        services = tuple(each for cluster in clusters for each in self._services(cluster))
        images = {
            found.name
            for each in services
            for container in (each.definition.containers if each.definition else ())
            if (found := ecr_repository(container.image)) and found.place == self._place
        }
        repositories = self._repositories()
        followed = sorted(images if repositories is None else images & repositories)
        return AccountFacts(
            place=self._place,
            clusters=clusters,
            services=services,
            repositories=repositories,
            tags={name: self._tags(name) for name in followed},
            families=() if wanted else self._families(),
            log_groups=self._log_groups(services),
            unread=tuple(self._unread),
        )

    def _clusters(self, wanted: Sequence[str]) -> tuple[str, ...]:
        self._tell("Reading the clusters")
        asked = "ecs:ListClusters, so no cluster is known. Next: name yours, with --cluster"
        found = self._attempt(asked, lambda: self._paged(self._ecs, "list_clusters", "clusterArns"))
        if found is None:
            if not wanted:
                raise Refused(f"AWS denied {asked}")
            self._unread.clear()  # those that were named are all that is needed
            return tuple(dict.fromkeys(map(short, wanted)))
        names = sorted(map(short, found))
        if unknown := [name for name in map(short, wanted) if name not in names]:
            raise Refused(
                f"there is no cluster {unknown[0]} in {self._place.region}."
                f"{did_you_mean(unknown[0], names)}"
            )
        return tuple(name for name in names if not wanted or name in set(map(short, wanted)))

    def _services(self, cluster: str) -> Iterator[ServiceFacts]:
        self._tell(f"Reading the services of {cluster}")
        arns = self._attempt(
            f"ecs:ListServices on {cluster}, so its services are not here",
            lambda: self._paged(self._ecs, "list_services", "serviceArns", cluster=cluster),
        )
        found = arns or []
        for start in range(0, len(found), _DESCRIBED):
            yield from self._described(cluster, found[start : start + _DESCRIBED])

    def _described(self, cluster: str, arns: Sequence[str]) -> Iterator[ServiceFacts]:
        found = self._attempt(
            f"ecs:DescribeServices on {cluster}, so its services are not here",
            lambda: self._ecs.describe_services(cluster=cluster, services=list(arns))["services"],
        )
        for service in found or []:
            yield ServiceFacts(
                cluster=cluster,
                name=service["serviceName"],
                controller=service.get("deploymentController", {}).get("type", "ECS"),
                status=service["status"],
                definition=self._definition(revision_of(service)),
            )

    def _definition(self, arn: str) -> DefinitionFacts | None:
        if arn and arn not in self._definitions:
            self._tell(f"Reading the task definition {short(arn)}")
            body = self._attempt(
                "ecs:DescribeTaskDefinition, so nothing tells what the services run",
                lambda: self._ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"],
            )
            self._definitions[arn] = definition_facts(body, self._place.region) if body else None
        return self._definitions.get(arn)

    def _repositories(self) -> frozenset[str] | None:
        self._tell("Reading the repositories")
        found = self._attempt(
            "ecr:DescribeRepositories, so nobody knows whether the repositories still exist",
            lambda: self._paged(self._ecr, "describe_repositories", "repositories"),
        )
        return None if found is None else frozenset(each["repositoryName"] for each in found)

    def _tags(self, repository: str) -> tuple[str, ...]:
        self._tell(f"Reading the tags of {repository}")
        some = {"tagStatus": "TAGGED"}, {"MaxItems": _TAGS, "PageSize": _TAGS}
        found = self._attempt(
            "ecr:ListImages, so `tags` is left at its default",
            lambda: self._paged(
                self._ecr, "list_images", "imageIds",
                repositoryName=repository, filter=some[0], PaginationConfig=some[1],
            ),
        )  # fmt: skip
        return tuple(each["imageTag"] for each in found or [] if "imageTag" in each)

    def _families(self) -> tuple[str, ...]:
        self._tell("Reading the families of task definitions")
        found = self._attempt(
            "ecs:ListTaskDefinitionFamilies, so families without a service are not told",
            lambda: self._paged(
                self._ecs, "list_task_definition_families", "families", status="ACTIVE"
            ),
        )
        return tuple(found or ())

    def _log_groups(self, services: Iterable[ServiceFacts]) -> frozenset[str] | None:
        """The log groups that begin as all those of the task definitions do."""
        definitions = (each.definition for each in services if each.definition)
        named = [c.log_group for each in definitions for c in each.containers if c.log_group]
        if not named:
            return None
        self._tell("Reading the log groups")
        # By characters is what is meant.
        prefix = commonprefix(named)  # noqa: RUF071
        narrowed = {"logGroupNamePrefix": prefix} if prefix else {}
        found = self._attempt(
            "logs:DescribeLogGroups, so nobody knows whether the log groups exist",
            lambda: self._paged(self._logs, "describe_log_groups", "logGroups", **narrowed),
        )
        return None if found is None else frozenset(each["logGroupName"] for each in found)

    @staticmethod
    def _paged(client: Any, operation: str, member: str, **request: Any) -> list[Any]:
        pages = client.get_paginator(operation).paginate(**request)
        return [each for page in pages for each in page.get(member, [])]

    def _attempt(self, what: str, call: Callable[[], _T]) -> _T | None:
        """What a call returns; None when it is denied, or when what it asks for has just gone."""
        try:
            return call()
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code not in _DENIED | _GONE:
                raise
            if code in _DENIED:
                self._unread[f"AWS denied {what}."] = None
            return None

"""What the statements of a function cover, and how wide the names in them are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum

from chalicelib.model.targets import Target
from chalicelib.model.task_targets import TaskTarget
from cli.package.globs import covering, meet
from cli.package.statements.statement import Statement, arn

# The parts of a rollout that ECS knows by ARN, from the service to its revisions.
KINDS = ("service", "service-deployment", "service-revision")


class Widening(IntEnum):
    """How far names are widened so that a role's policies fit; each step includes those before."""

    NONE = 0
    SERVICES = 1
    FAMILIES = 2
    REPOSITORIES = 3
    LOG_GROUPS = 4
    SCHEDULED_TASKS = 5
    CLUSTERS = 6


WORDS = {
    Widening.SERVICES: "every service of the targets' clusters (service/CLUSTER/*)",
    Widening.FAMILIES: "every task definition family whose name is like the targets' families",
    Widening.REPOSITORIES: "every repository whose name is like the targets' repositories",
    Widening.LOG_GROUPS: "every log group whose name is like the targets' log groups",
    Widening.SCHEDULED_TASKS: "every rule and schedule whose name is like those in `follow`",
    Widening.CLUSTERS: "every cluster whose name is like the targets' clusters",
}


@dataclass(frozen=True)
class Scope:
    """One function of one stage, the targets that it serves, and how wide names may be.

    Names are widened to what they all begin with, `*`, and what they all end with. Where this fits
    a name of the `neighbours`, the targets of the account's other environments, every name stays.
    """

    function: str
    stage: str
    targets: tuple[Target, ...]
    widening: Widening
    secrets: tuple[str, ...] = ()
    neighbours: tuple[Target, ...] = ()
    events: bool = False

    @property
    def deployed(self) -> tuple[Target, ...]:
        return tuple(target for target in self.targets if target.mode == "deploy")

    def services(self, targets: tuple[Target, ...], *kinds: str) -> list[dict[str, str]]:
        """The ARNs of the targets' services, as each of the kinds."""
        below = {"service": "", "service-deployment": "/*", "service-revision": "/*"}
        names = self._services(targets)
        return [
            arn("ecs", f"{kind}/{name}{'' if name.endswith('/*') else below[kind]}")
            for kind in kinds
            for name in names
        ]

    def _services(self, targets: tuple[Target, ...]) -> list[str]:
        """`CLUSTER/SERVICE` of each target; wider, `CLUSTER/*` where no neighbour has a service."""
        targets = with_service(targets)
        if self.widening < Widening.SERVICES:
            return sorted({target.name for target in targets})
        found: set[str] = set()
        for cluster in self.clusters(targets):
            names = {one.name for one in targets if meet(cluster, one.cluster)}
            beside = with_service(self.neighbours)
            others = {one.name for one in beside if meet(cluster, one.cluster)}
            found |= (
                set(self._names(Widening.SERVICES, names, others)) if others else {f"{cluster}/*"}
            )
        return sorted(found)

    def clusters(self, targets: tuple[Target, ...]) -> list[str]:
        """The names of the targets' clusters, or in the widest step one pattern for all."""
        others = {name for other in self.neighbours for name in clusters_of(other)}
        names = {name for target in targets for name in clusters_of(target)}
        return self._names(Widening.CLUSTERS, names, others) if names else []

    def repositories(self, targets: tuple[Target, ...]) -> list[dict[str, str]]:
        """The ARNs of the targets' repositories."""
        others = {other.repository for other in self.neighbours}
        mine = {target.repository for target in targets}
        names = self._names(Widening.REPOSITORIES, mine, others)
        return [arn("ecr", f"repository/{name}") for name in names]

    def log_groups(self) -> list[str]:
        """The names of the log groups that may be read."""
        others = {group for other in self.neighbours for group in other.log_groups}
        read = [target for target in self.targets if target.log_lines != "never"]
        mine = {group for target in read for group in target.log_groups}
        return self._names(Widening.LOG_GROUPS, mine, others) if mine else []

    def families(self, targets: tuple[Target, ...]) -> list[str]:
        """The families of these targets; empty when a target names none: it may be any."""
        return self._families(targets, set())

    def registered(self, targets: tuple[Target, ...]) -> list[str]:
        """As `families`, and those that the targets' scheduled tasks may run."""
        return self._families(targets, {one for each in targets for one in each.follow.families})

    def _families(self, targets: tuple[Target, ...], more: set[str]) -> list[str]:
        families = {target.family for target in targets}
        if None in families:
            return []
        others = {one for other in self.neighbours for one in other.families}
        return self._names(Widening.FAMILIES, {*filter(None, families), *more}, others)

    def rules(self, targets: tuple[Target, ...]) -> list[str]:
        """The names of the rules that follow these targets; each may end in `*`."""
        names = {name for target in targets for name in target.follow.rules}
        others = {name for other in self.neighbours for name in other.follow.rules}
        return self._names(Widening.SCHEDULED_TASKS, names, others) if names else []

    def schedules(self, targets: tuple[Target, ...]) -> list[str]:
        """`GROUP/NAME` of the schedules that follow these targets; each may end in `*`."""
        names = {name for target in targets for name in target.follow.schedules}
        others = {name for other in self.neighbours for name in other.follow.schedules}
        return self._names(Widening.SCHEDULED_TASKS, names, others) if names else []

    def _names(self, step: Widening, names: set[str], others: set[str]) -> list[str]:
        pattern = covering(names, others - names) if self.widening >= step else None
        return sorted(names) if pattern is None else [pattern]


def with_service(targets: Iterable[Target]) -> tuple[Target, ...]:
    """These targets without those of [[task]]."""
    return tuple(target for target in targets if not target.is_task)


def clusters_of(target: Target) -> tuple[str, ...]:
    """The clusters that a target names: its service's, or that in which a [[task]] runs."""
    if isinstance(target, TaskTarget):
        return (target.runs_in,) if target.runs_in else ()
    return (target.cluster,)


Grant = Callable[[Scope], Iterable[Statement]]

"""What the statements of a function cover, and how wide the names in them are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from os.path import commonprefix

from chalicelib.model.targets import Target
from cli.package.statements.statement import Statement, arn

# The parts of a rollout that ECS knows by ARN, from the service to its revisions.
KINDS = ("service", "service-deployment", "service-revision")


class Widening(IntEnum):
    """How far names are widened so that a role's policies fit; each step includes those before."""

    NONE = 0
    SERVICES = 1
    FAMILIES = 2
    REPOSITORIES = 3
    CLUSTERS = 4


WORDS = {
    Widening.SERVICES: "every service of the targets' clusters (service/CLUSTER/*)",
    Widening.FAMILIES: "every task definition family (task-definition/*)",
    Widening.REPOSITORIES: "every repository (repository/*)",
    Widening.CLUSTERS: "every cluster whose name begins as all the targets' do (service/PREFIX*)",
}


@dataclass(frozen=True)
class Scope:
    """One function of one stage, the targets that it serves, and how wide names may be."""

    function: str
    stage: str
    targets: tuple[Target, ...]
    widening: Widening
    secrets: tuple[str, ...] = ()

    @property
    def deployed(self) -> tuple[Target, ...]:
        return tuple(target for target in self.targets if target.mode == "deploy")

    def services(self, targets: tuple[Target, ...], *kinds: str) -> list[dict[str, str]]:
        """The ARNs of the targets' services, as each of the kinds."""
        wide = self.widening >= Widening.SERVICES
        clusters = [f"{cluster}/*" for cluster in self.clusters(targets)]
        names = clusters if wide else sorted({target.name for target in targets})
        below = {"service": "", "service-deployment": "/*", "service-revision": "/*"}
        return [
            arn("ecs", f"{kind}/{name}{'' if wide else below[kind]}")
            for kind in kinds
            for name in names
        ]

    def clusters(self, targets: tuple[Target, ...]) -> list[str]:
        """The names of the targets' clusters; the widest step leaves only what all begin with."""
        names = sorted({target.cluster for target in targets})
        if self.widening < Widening.CLUSTERS:
            return names
        return [f"{commonprefix(names)}*"]  # noqa: RUF071 - by characters is what is meant

    def repositories(self, targets: tuple[Target, ...]) -> list[dict[str, str]]:
        """The ARNs of the targets' repositories."""
        wide = self.widening >= Widening.REPOSITORIES
        names = ["*"] if wide else sorted({target.repository for target in targets})
        return [arn("ecr", f"repository/{name}") for name in names]


Grant = Callable[[Scope], Iterable[Statement]]

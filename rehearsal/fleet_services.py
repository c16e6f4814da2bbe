"""The services of a fleet: many, spread over clusters, whose images share base repositories."""

from __future__ import annotations

from dataclasses import dataclass

from example import conflicto
from rehearsal.rehearsal import Rehearsal

_FARGATE = {"awsvpcConfiguration": {"subnets": ["subnet-0a"], "securityGroups": ["sg-0a"]}}
_BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}


@dataclass(frozen=True)
class FleetService:
    """One service of the fleet."""

    cluster: str
    service: str
    family: str
    repository: str

    @property
    def key(self) -> str:
        """CLUSTER/SERVICE."""
        return f"{self.cluster}/{self.service}"


def spread(services: int, clusters: int, repositories: int) -> list[FleetService]:
    """So many services, spread evenly over clusters and repositories."""
    return [
        FleetService(
            cluster=f"team-{number % clusters:02}-dev",
            service=f"web-{number:03}",
            family=f"web-{number:03}-dev",
            repository=f"base-{number % repositories:03}-dev",
        )
        for number in range(services)
    ]


def targets_of(services: list[FleetService]) -> str:
    """A targets.toml with a target for each of them."""
    return "\n".join(
        f'[[target]]\nrepository = "{service.repository}"\ncluster = "{service.cluster}"\n'
        f'service = "{service.service}"\nfamily = "{service.family}"\n'
        for service in services
    )


def build(rehearsal: Rehearsal, services: list[FleetService], tasks: int = 1) -> None:
    """Make the services, each with its first image, and let them become steady.

    ECS does not throttle meanwhile, and no event reaches Slipway.
    """
    rehearsal.deliver = False
    limiter, rehearsal.ecs.limiter = rehearsal.ecs.limiter, lambda *_: None
    ecs, ecr = rehearsal.client("ecs"), rehearsal.client("ecr")
    for repository in sorted({service.repository for service in services}):
        ecr.create_repository(repositoryName=repository)
        conflicto.push(rehearsal.client, repository, ["first"], f"{repository}: the first image")
    for cluster in sorted({service.cluster for service in services}):
        ecs.create_cluster(clusterName=cluster)
    for service in services:
        ecs.register_task_definition(
            family=service.family,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[
                {
                    "name": "web",
                    "image": f"{conflicto.repository_uri(service.repository)}:first",
                    "essential": True,
                }
            ],
        )
        ecs.create_service(
            cluster=service.cluster,
            serviceName=service.service,
            taskDefinition=service.family,
            desiredCount=tasks,
            launchType="FARGATE",
            deploymentConfiguration=_BREAKER,
            networkConfiguration=_FARGATE,
        )
    rehearsal.advance(300)
    rehearsal.ecs.limiter = limiter
    rehearsal.deliver = True

"""What ECS answers -> facts. Environment values and secrets are left behind here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cli.init.facts import ContainerFacts, DefinitionFacts


def revision_of(service: Mapping[str, Any]) -> str:
    """The revision that a service runs. An Express service tells it only in its deployment."""
    deployments = service.get("deployments", [])
    primary = [each for each in deployments if each.get("status") == "PRIMARY"]
    found = (each.get("taskDefinition") for each in (service, *primary))
    return str(next(filter(None, found), ""))


def definition_facts(body: Mapping[str, Any], region: str) -> DefinitionFacts:
    roles = (body.get(key) for key in ("taskRoleArn", "executionRoleArn"))
    return DefinitionFacts(
        family=body["family"],
        containers=tuple(_container(each, region) for each in body["containerDefinitions"]),
        roles=tuple(role for role in roles if role),
    )


def _container(body: Mapping[str, Any], region: str) -> ContainerFacts:
    logs = body.get("logConfiguration") or {}
    options = logs.get("options") or {}
    here = logs.get("logDriver") == "awslogs" and options.get("awslogs-region") in {None, region}
    return ContainerFacts(
        name=body["name"],
        image=body.get("image", ""),
        essential=body.get("essential", True),
        log_group=options.get("awslogs-group", "") if here else "",
    )


def short(arn: str) -> str:
    """The last part of an ARN; a name stays as it is."""
    return arn.rsplit("/", 1)[-1]

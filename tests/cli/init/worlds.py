"""Accounts for init to look at, as facts, and the services that a written file has."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.model.places import Place
from chalicelib.model.registries import ecr_repository
from chalicelib.model.targets import Target
from cli.init.facts import AccountFacts, ContainerFacts, DefinitionFacts, ServiceFacts
from cli.init.group import proposed
from cli.init.write import written
from cli.package.apart import every_environment

ACCOUNT, REGION = "123456789012", "us-west-2"
PLACE = Place(account=ACCOUNT, region=REGION)


def image(repository: str, tag: str = "0a1b2c3", *, account: str = ACCOUNT) -> str:
    return f"{account}.dkr.ecr.{REGION}.amazonaws.com/{repository}:{tag}"


def role(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def service(
    cluster: str,
    name: str,
    *images: str,
    family: str | None = None,
    roles: Sequence[str] = (),
    log_group: str = "",
) -> ServiceFacts:
    """A service whose containers c0, c1, … run these images."""
    containers = tuple(
        ContainerFacts(name=f"c{number}", image=each, log_group=log_group)
        for number, each in enumerate(images)
    )
    definition = DefinitionFacts(
        family=family or name, containers=containers, roles=tuple(map(role, roles))
    )
    return ServiceFacts(cluster=cluster, name=name, definition=definition)


def account(*services: ServiceFacts, **more: object) -> AccountFacts:
    """An account with these services and the repositories of their images."""
    definitions = [each.definition for each in services if each.definition]
    images = [container.image for each in definitions for container in each.containers]
    found = [repository for each in images if (repository := ecr_repository(each))]
    here = frozenset(each.name for each in found if each.place == PLACE)
    clusters = tuple(dict.fromkeys(each.cluster for each in services))
    facts = {"place": PLACE, "clusters": clusters, "services": services, "repositories": here}
    return AccountFacts.model_validate(facts | more)


def file_of(facts: AccountFacts, *said: str) -> str:
    return written(proposed(facts, said), facts)


def targets_in(text: str) -> dict[str, tuple[Target, ...]]:
    """The targets of each environment of a file, which all pass what packaging checks.

    They do so as they are written, and when every environment may deploy.
    """
    first = text.split("[environment.", 1)[1].split("]", 1)[0]
    every_environment(text.replace('mode    = "observe"', ""), first)
    return {each.stage: each.all for each in every_environment(text, first)}

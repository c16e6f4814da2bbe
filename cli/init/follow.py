"""A service and its task definition -> the repository that it follows, or why it follows none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from chalicelib.model.base import Frozen
from chalicelib.model.registries import Repository, ecr_repository, repository_of, tag_of
from cli.init.choose import own_containers, own_repository
from cli.init.facts import AccountFacts, ContainerFacts, DefinitionFacts, ServiceFacts

# CreateLogGroup's logGroupName. A task definition may hold any text there.
_LOG_GROUP = re.compile(r"[A-Za-z0-9_./#-]{1,512}")
# The AWS CDK keeps the images of all apps in one repository (CDK guide, "Bootstrapping").
_ASSETS = re.compile(r"cdk-[a-z0-9]+-container-assets-.+")


class Follower(Frozen):
    """What a `[[target]]` would say of one service, in the names of the account.

    `tag` is that of the image that runs; `notes` are remarks for people.
    """

    cluster: str
    service: str
    repository: str
    family: str
    containers: tuple[str, ...] = ()
    pass_roles: tuple[str, ...] = ()
    log_groups: tuple[str, ...] = ()
    tag: str = ""
    notes: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.cluster}/{self.service}"


class LeftOut(Frozen):
    """A service that is not in the file: why, and what to do about it."""

    service: str
    why: str
    instead: str


def followers(facts: AccountFacts) -> tuple[tuple[Follower, ...], tuple[LeftOut, ...]]:
    """Return the services that follow a repository of this account and region, and the others."""
    found = [follower(service, facts) for service in facts.services]
    return (
        tuple(each for each in found if isinstance(each, Follower)),
        tuple(each for each in found if isinstance(each, LeftOut)),
    )


def follower(service: ServiceFacts, facts: AccountFacts) -> Follower | LeftOut:
    """Return what the service follows: the repository whose images its containers run."""
    definition = service.definition
    if (refused := _not_ours(service)) is not None or definition is None:
        return refused or _left_out(
            service, "its task definition could not be read", "see to that, then run init again"
        )
    ours = _of_this_account(definition.containers, facts)
    if not ours:
        return _left_out(service, *_no_image(definition.containers, facts))
    chosen = own_repository(ours, service, definition, facts)
    if chosen is None:
        return _left_out(
            service,
            f"it runs images of {' and '.join(sorted(ours))}, and nothing says which it follows",
            "write a [[target]] for it with the `repository` that you push to",
        )
    if _ASSETS.fullmatch(chosen):
        return _left_out(
            service,
            "its image is among the assets of the AWS CDK, where a push tells no service",
            "push its image to a repository of its own, and run it from there",
        )
    return _followed(service, definition, chosen, facts)


def _not_ours(service: ServiceFacts) -> LeftOut | None:
    """Why Slipway cannot deploy to a service, whatever it runs; None when it can."""
    if service.controller != "ECS":
        return _left_out(
            service,
            f"its deployment controller is {service.controller}",
            "change it as docs/code-deploy.md says, or leave it to CodeDeploy"
            if service.controller == "CODE_DEPLOY"
            else "make it again with the controller ECS, or leave it to its own tool",
        )
    if service.status != "ACTIVE":
        return _left_out(service, f"its status is {service.status}", "nothing, if it is to go")
    return None


def _left_out(service: ServiceFacts, why: str, instead: str) -> LeftOut:
    return LeftOut(service=service.key, why=why, instead=instead)


def _of_this_account(
    containers: Sequence[ContainerFacts], facts: AccountFacts
) -> dict[str, list[ContainerFacts]]:
    """The containers by their repository, where that is one of this account and region."""
    found: dict[str, list[ContainerFacts]] = {}
    for container in containers:
        repository = ecr_repository(container.image)
        if repository is not None and _is_here(repository, facts):
            found.setdefault(repository.name, []).append(container)
    return found


def _is_here(repository: Repository, facts: AccountFacts) -> bool:
    known = facts.repositories is None or repository.name in facts.repositories
    return known and repository.place == facts.place


def _no_image(containers: Iterable[ContainerFacts], facts: AccountFacts) -> tuple[str, str]:
    """Why none of the images can be followed; the reason about ECR comes first."""
    there = [found for each in containers if (found := ecr_repository(each.image))]
    if gone := [each.name for each in there if each.place == facts.place]:
        return (
            f"its repository {gone[0]} does not exist any more",
            f"make the repository again (aws ecr create-repository --repository-name {gone[0]})",
        )
    if other := [each for each in there if each.place.account != facts.place.account]:
        return (
            f"its image is in {other[0].name} of the account {other[0].place.account}",
            "replicate that repository into this account, and run the copy",
        )
    if there:
        return (
            f"its image is in {there[0].name} of the region {there[0].place.region}",
            "replicate that repository into this region, and run the copy",
        )
    images = ", ".join(sorted({repository_of(each.image) for each in containers})) or "nothing"
    return f"it runs no image of ECR, but {images}", "push the image to ECR, and run it from there"


def _followed(
    service: ServiceFacts, definition: DefinitionFacts, repository: str, facts: AccountFacts
) -> Follower:
    ours = _of_this_account(definition.containers, facts)
    chosen, note = own_containers(ours[repository], service)
    groups = dict.fromkeys(each.log_group for each in definition.containers)
    return Follower(
        cluster=service.cluster,
        service=service.name,
        repository=repository,
        family=definition.family,
        containers=tuple(each.name for each in chosen) if note else (),
        pass_roles=_patterns(definition.roles),
        log_groups=tuple(each for each in groups if _LOG_GROUP.fullmatch(each)),
        tag=tag_of(chosen[0].image),
        notes=(*([note] if note else []), *_notes(definition, repository, facts)),
    )


def _patterns(roles: Sequence[str]) -> tuple[str, ...]:
    """The roles for `pass_roles`: `*` as account means this one."""
    parts = (role.split(":", 5) for role in dict.fromkeys(roles))
    return tuple(f"arn:{part[1]}:iam::*:{part[5]}" for part in parts)


def _notes(definition: DefinitionFacts, repository: str, facts: AccountFacts) -> Iterable[str]:
    """A remark for each image of ECR that is not followed, and for each log group not there."""
    for container in definition.containers:
        found = ecr_repository(container.image)
        if found is not None and not _is_here(found, facts):
            yield (
                f"Container {container.name} runs {repository_of(container.image)}, which is of "
                "another account or region, or does not exist any more. It keeps its image."
            )
        elif found is not None and found.name != repository:
            yield (
                f"Container {container.name} runs an image of {found.name}. It keeps its image: "
                "a push there does not deploy to this service."
            )
        if facts.log_groups is not None and container.log_group not in {"", *facts.log_groups}:
            yield f"The log group {container.log_group} does not exist yet."

"""task definition + image -> registration: everything is carried, one thing is changed.

botocore drops response fields that its model does not know, so this works on ECS' raw JSON
(see `aws/ecs.py`) and touches nothing that it need not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.errors import Refused
from chalicelib.model.places import Place
from chalicelib.model.registries import ecr_repository, same_repository, with_host_of
from chalicelib.model.task_definitions import TaskDefinition

# In DescribeTaskDefinition's answer, not in RegisterTaskDefinition's input (ECS API reference,
# TaskDefinition); a test holds this set against botocore's model.
RESPONSE_ONLY = frozenset(
    {
        "taskDefinitionArn",
        "revision",
        "status",
        "requiresAttributes",
        "compatibilities",
        "registeredAt",
        "registeredBy",
        "deregisteredAt",
        "deleteRequestedAt",
    }
)
PROVENANCE = "slipway:deployment"
TAG_OF_IMAGE = "slipway:image-tag"
TAG_OF_CAUSE = "slipway:cause"
_RESERVED = "aws:"
_MOST_TAGS = 50  # ECS API reference, TagResource: "Maximum number of tags per resource - 50"


def render(
    base: TaskDefinition,
    image: str,
    repository_uri: str,
    containers: Sequence[str],
    provenance: Mapping[str, str],
) -> dict[str, Any]:
    """The RegisterTaskDefinition input that is `base` with `image` in the chosen containers.

    It removes the response-only fields and nothing else. It changes the image of `containers` and
    nothing else (when empty: of every container whose image comes from `repository_uri`, under any
    of the registry's hosts); each image keeps its host. It carries the tags, except for the
    reserved `aws:` ones, and adds `provenance`.

    Raises:
        Refused: when a container that the target names is not there, or none comes from the
            repository.
    """
    chosen = _chosen(base, repository_uri, containers)
    registration = copied(base, provenance)
    registration["containerDefinitions"] = [
        _running(container, image) if container.get("name") in chosen else container
        for container in base.body.get("containerDefinitions", [])
    ]
    return registration


def _running(container: Mapping[str, Any], image: str) -> dict[str, Any]:
    return {**container, "image": with_host_of(str(container.get("image", "")), image)}


def copied(base: TaskDefinition, provenance: Mapping[str, str]) -> dict[str, Any]:
    """The RegisterTaskDefinition input that is `base` again, with `provenance` among its tags."""
    registration = {key: value for key, value in base.body.items() if key not in RESPONSE_ONLY}
    registration["tags"] = _tags(base.tags, provenance)
    return registration


def image_in(
    base: TaskDefinition, repository: str, containers: Sequence[str], here: Place | None = None
) -> str:
    """The image that the chosen containers of a task definition run; empty when none is found.

    `repository` is the name of an ECR repository, in `here` if that is given.
    """
    for container in base.body.get("containerDefinitions", []):
        image = str(container.get("image", ""))
        if containers:
            chosen = container.get("name") in containers
        else:
            found = ecr_repository(image)
            chosen = found is not None and found.name == repository and here in {None, found.place}
        if chosen:
            return image
    return ""


def _chosen(base: TaskDefinition, repository_uri: str, containers: Sequence[str]) -> set[str]:
    present = {
        str(container.get("name")): str(container.get("image", ""))
        for container in base.body.get("containerDefinitions", [])
    }
    if containers:
        if missing := [name for name in containers if name not in present]:
            raise Refused(
                f"{base.name} has no container named {missing[0]!r}; it has "
                f"{', '.join(sorted(present))}. Correct `containers` in targets.toml."
            )
        return set(containers)
    chosen = {name for name, image in present.items() if same_repository(image, repository_uri)}
    if not chosen:
        raise Refused(
            f"no container of {base.name} runs an image of {repository_uri}; it runs "
            f"{', '.join(sorted(present.values()))}. Name the containers in targets.toml."
        )
    return chosen


def _tags(carried: Mapping[str, str], provenance: Mapping[str, str]) -> list[dict[str, str]]:
    own = {key: value for key, value in carried.items() if not key.lower().startswith(_RESERVED)}
    merged = {**own, **provenance}
    if len(merged) > _MOST_TAGS:
        raise Refused(
            f"the task definition has {len(own)} tags and ECS allows {_MOST_TAGS}; Slipway adds "
            f"{len(provenance)}. Remove {len(merged) - _MOST_TAGS} of its tags."
        )
    return [{"key": key, "value": value} for key, value in merged.items()]


def provenance(deployment: str, tag: str, cause: str) -> dict[str, str]:
    """The tags by which a revision of ours is known: its deployment, its image's tag, its cause."""
    tags = {PROVENANCE: deployment, TAG_OF_CAUSE: cause}
    return {**tags, TAG_OF_IMAGE: tag} if tag else tags

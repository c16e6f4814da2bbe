"""ECR -> the facts about a repository and its images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from chalicelib.decide.follow import IMAGE_CONFIGS
from chalicelib.model.targets import Target
from cli.doctor.asking import Asking
from cli.doctor.facts import Expiry, Repository, StoredImage
from cli.doctor.image import newest_deployable
from cli.doctor.read_platforms import Fetch, platforms

_GONE = ("RepositoryNotFoundException",)
_NO_POLICY = ("LifecyclePolicyNotFoundException", *_GONE)


def repository(asking: Asking, target: Target, fetch: Fetch) -> Repository:
    """Everything about the repository that the target follows."""
    name = target.repository
    about = f"the repository {name}"
    described = asking.ask(about, "ecr:describe_repositories", absent=_GONE, repositoryNames=[name])
    if not described:
        return Repository(exists=None if described is None else False)
    settings = described["repositories"][0]
    found = images(asking, name)
    newest = newest_deployable(found or (), target)
    return Repository(
        exists=True,
        mutable=settings.get("imageTagMutability", "MUTABLE") == "MUTABLE",
        scans=_scans(asking, name, settings) if target.gate.scan else None,
        images=found,
        expiries=_expiries(asking, name),
        platforms=platforms(asking, name, newest, fetch) if newest else None,
    )


def images(asking: Asking, repository: str) -> tuple[StoredImage, ...] | None:
    """The tagged images, newest push first."""
    details = asking.all(
        f"the images of {repository}",
        "ecr:describe_images",
        "imageDetails",
        absent=_GONE,
        repositoryName=repository,
        filter={"tagStatus": "TAGGED"},
    )
    if details is None:
        return None
    found = (
        StoredImage(
            digest=each["imageDigest"],
            tags=tuple(each.get("imageTags", ())),
            pushed_at=each["imagePushedAt"],
            size=each.get("imageSizeInBytes", 0),
            archived=each.get("imageStatus", "ACTIVE") != "ACTIVE",
        )
        for each in details
        if each.get("artifactMediaType", "") in {"", *IMAGE_CONFIGS}
    )
    return tuple(sorted(found, key=lambda image: image.pushed_at, reverse=True))


def _scans(asking: Asking, name: str, settings: Mapping[str, Any]) -> bool | None:
    """Whether a push to the repository is scanned: by its own setting, or by the registry's."""
    if settings.get("imageScanningConfiguration", {}).get("scanOnPush"):
        return True
    answer = asking.ask(
        f"the scanning of {name}",
        "ecr:batch_get_repository_scanning_configuration",
        repositoryNames=[name],
    )
    if answer is None:
        return None
    return any(
        each.get("scanOnPush") or each.get("scanFrequency") in {"SCAN_ON_PUSH", "CONTINUOUS_SCAN"}
        for each in answer.get("scanningConfigurations", ())
    )


def _expiries(asking: Asking, name: str) -> tuple[Expiry, ...] | None:
    answer = asking.ask(
        f"the lifecycle policy of {name}",
        "ecr:get_lifecycle_policy",
        absent=_NO_POLICY,
        repositoryName=name,
    )
    if answer is None:
        return None
    try:
        policy = _Policy.model_validate_json(answer.get("lifecyclePolicyText") or "{}")
    except ValidationError:
        asking.note(f"the lifecycle policy of {name}", "it is not as ECR documents it")
        return None
    return tuple(_expiries_of(policy))


class _Selection(BaseModel):
    tag_status: str = Field("any", alias="tagStatus")
    prefixes: tuple[str, ...] = Field((), alias="tagPrefixList")
    patterns: tuple[str, ...] = Field((), alias="tagPatternList")
    kind: str = Field("", alias="countType")
    number: int = Field(0, alias="countNumber")


class _Action(BaseModel):
    type: str = "expire"


class _Rule(BaseModel):
    selection: _Selection
    action: _Action = _Action()


class _Policy(BaseModel):
    """ECR user guide, "Lifecycle policy properties"."""

    rules: tuple[_Rule, ...] = ()


def _expiries_of(policy: _Policy) -> Iterator[Expiry]:
    """The rules that delete tagged images."""
    for rule in policy.rules:
        selection = rule.selection
        if rule.action.type != "expire" or selection.tag_status == "untagged":
            continue
        counts = selection.kind == "imageCountMoreThan"
        yield Expiry(
            count=selection.number if counts else None,
            days=None if counts else selection.number,
            patterns=(*selection.patterns, *(f"{prefix}*" for prefix in selection.prefixes)),
        )

"""ECR -> the facts about a repository and its images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from chalicelib.decide.follow import tag_deploys
from chalicelib.model.targets import Target
from cli.doctor.asking import Asking
from cli.doctor.facts import Expiry, Repository, StoredImage
from cli.doctor.read_platforms import Fetch, parsed, platforms

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
        )
        for each in details
    )
    return tuple(sorted(found, key=lambda image: image.pushed_at, reverse=True))


def newest_deployable(found: Iterable[StoredImage], target: Target) -> StoredImage | None:
    """The newest image that the target's rule lets deploy."""
    return next(
        (image for image in found if any(tag_deploys(tag, target) for tag in image.tags)), None
    )


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
    return tuple(_rules(parsed(answer.get("lifecyclePolicyText", ""))))


def _rules(policy: Mapping[str, Any]) -> Iterator[Expiry]:
    """The rules that delete tagged images (ECR user guide, "Lifecycle policy properties")."""
    for rule in policy.get("rules", ()):
        selection = rule.get("selection", {})
        expires = rule.get("action", {}).get("type", "expire") == "expire"
        if not expires or selection.get("tagStatus") == "untagged":
            continue
        counts = selection.get("countType") == "imageCountMoreThan"
        number = selection.get("countNumber")
        yield Expiry(
            priority=rule.get("rulePriority", 0),
            count=number if counts else None,
            days=None if counts else number,
        )

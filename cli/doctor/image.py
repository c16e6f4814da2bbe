"""facts -> what is wrong with a repository and its images."""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.decide.follow import tag_deploys
from chalicelib.events.image import is_signature
from chalicelib.model.targets import Target
from cli.doctor.facts import StoredImage, TargetFacts
from cli.doctor.finding import Found, advice, error, listed, warning

_FEW = 10  # images: fewer than these, and a week of pushes deletes what a rollback needs
_DAYS = 30
_NAMES = {"X86_64": "amd64", "ARM64": "arm64", "": "amd64"}  # of ECS -> of an image


def repository_exists(facts: TargetFacts) -> Found | None:
    if facts.repository.exists is not False:
        return None
    name = facts.target.repository
    return error(
        f"ECR has no repository {name} in this account and region.",
        f"aws ecr create-repository --repository-name {name}",
    )


def tag_rule(facts: TargetFacts) -> Found | None:
    images = facts.repository.images
    if not images or newest_deployable(images, facts.target) is not None:
        return None
    rule = facts.target.tags or 'anything but "latest"'
    shown = [image.tags[0] for image in images if image.tags]
    return error(
        f"None of the {len(images)} tagged images of {facts.target.repository} has a tag that "
        f"{rule} admits; the newest are {listed(shown)}.",
        "targets.toml: correct `tags`, a regular expression for the whole tag",
    )


def no_images(facts: TargetFacts) -> Found | None:
    if facts.repository.images != ():
        return None
    name = facts.target.repository
    return warning(
        f"The repository {name} has no tagged image yet.",
        f"docker push ACCOUNT.dkr.ecr.REGION.amazonaws.com/{name}:TAG",
    )


def latest_admitted(facts: TargetFacts) -> Found | None:
    if facts.target.tags is None or not tag_deploys("latest", facts.target):
        return None
    return warning(
        "The rule admits the tag latest: every push of it deploys, and the tag says nothing about "
        "what runs.",
        f"targets.toml: tags = '(?!latest$)({facts.target.tags})'",
    )


def mutable_tags(facts: TargetFacts) -> Found | None:
    if not facts.repository.mutable:
        return None
    name = facts.target.repository
    return advice(
        "The repository's tags are mutable: a tag that was deployed can later name another image.",
        f"aws ecr put-image-tag-mutability --repository-name {name} "
        "--image-tag-mutability IMMUTABLE",
    )


def architecture(facts: TargetFacts) -> Found | None:
    """ECS takes X86_64 where `runtimePlatform` is not set (ECS API, RuntimePlatform).

    On EC2, and with EXTERNAL, a task without `runtimePlatform` runs on what the instance has.
    """
    base, platforms = facts.base, facts.repository.platforms
    if base is None or not platforms or not (base.architecture or _fargate(facts)):
        return None
    wanted = f"linux/{_NAMES.get(base.architecture, base.architecture.lower())}"
    if base.system.startswith("WINDOWS") or wanted in platforms:
        return None
    newest = newest_deployable(facts.repository.images or (), facts.target)
    return error(
        f"The task definition asks for {wanted}, and the newest image{_tag(newest)} is "
        f"for {listed(platforms)}.",
        f"docker buildx build --platform {wanted} --push",
    )


def scanning(facts: TargetFacts) -> Found | None:
    gate, name = facts.target.gate.scan, facts.target.repository
    if gate is None or facts.repository.scans is not False:
        return None
    remedy = (
        f"aws ecr put-image-scanning-configuration --repository-name {name} "
        "--image-scanning-configuration scanOnPush=true"
    )
    if gate.on_timeout == "deploy":
        return warning(
            f"The target has a gate on scans, and {name} is not scanned: each push waits "
            f"{gate.wait} s and is deployed without one.",
            remedy,
        )
    return error(
        f"The target has a gate on scans, and {name} is not scanned: every push is refused.", remedy
    )


def rollback_images(facts: TargetFacts) -> Found | None:
    gone = [each.revision for each in facts.returns or () if not each.there]
    if not gone:
        return None
    return warning(
        f"The image of {listed(gone)} is gone or archived in {facts.target.repository}: nobody can "
        "roll back to it.",
        f"aws ecr get-lifecycle-policy --repository-name {facts.target.repository}",
    )


def lifecycle(facts: TargetFacts) -> Found | None:
    """A rollback's image counts as deleted soon with under 10 images kept, or under 30 days."""
    images = [image for image in facts.repository.images or () if _deploys(image, facts.target)]
    harsh = [
        f"keeps only {each.count} images"
        if each.count is not None
        else f"deletes what is older than {each.days} days"
        for each in facts.repository.expiries or ()
        if (each.count or _FEW) < _FEW or (each.days or _DAYS) < _DAYS
        if not each.patterns or any(map(each.selects, images))
    ]
    if not harsh:
        return None
    name = facts.target.repository
    return warning(
        f"The lifecycle policy of {name} {harsh[0]}: images that a rollback needs "
        f"are deleted. Let it keep {_FEW} images, or {_DAYS} days, at least.",
        f"aws ecr put-lifecycle-policy --repository-name {name} --lifecycle-policy-text "
        "file://policy.json",
    )


RULES = (
    repository_exists,
    tag_rule,
    no_images,
    latest_admitted,
    architecture,
    scanning,
    rollback_images,
    lifecycle,
    mutable_tags,
)


def newest_deployable(images: Iterable[StoredImage], target: Target) -> StoredImage | None:
    """Return the newest image that the target's rule lets deploy; the images are newest first."""
    return next((image for image in images if _deploys(image, target)), None)


def _deploys(image: StoredImage, target: Target) -> bool:
    return any(tag_deploys(tag, target) and not is_signature(tag) for tag in image.tags)


def _fargate(facts: TargetFacts) -> bool:
    return facts.settings is not None and facts.settings.fargate


def _tag(image: StoredImage | None) -> str:
    return f" ({image.tags[0]})" if image and image.tags else ""

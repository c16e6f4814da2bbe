"""push + targets -> the targets that follow the push; and image -> whether ECS can run it."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.events.event import Ignored
from chalicelib.model.images import Image, ImagePush
from chalicelib.model.tag_patterns import matches
from chalicelib.model.targets import Target

# Config media types of container images: OCI image-spec "config.md", Docker image manifest v2.
IMAGE_CONFIGS = frozenset(
    {
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.docker.container.image.v1+json",
    }
)
_MANIFESTS = frozenset(
    {
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
    }
)


def followers(push: ImagePush, targets: Sequence[Target]) -> tuple[Target, ...] | Ignored:
    """Return the targets that this push deploys to, or why there are none.

    The whole names of the repositories must be equal. A target's `tags` must match the whole tag;
    a target without `tags` deploys every tag but `latest`.
    """
    same_repository = [target for target in targets if target.repository == push.repository]
    if not same_repository:
        return Ignored(reason=f"no target follows the repository {push.repository}")
    chosen = tuple(target for target in same_repository if tag_deploys(push.tag, target))
    if not chosen:
        rules = sorted({target.tags or 'anything but "latest"' for target in same_repository})
        reason = f"the tag {push.tag!r} is outside the rule ({', '.join(rules)})"
        return Ignored(reason=reason)
    return chosen


def tag_deploys(tag: str, target: Target) -> bool:
    """Whether the target's rule lets a push with this tag deploy."""
    if target.tags is None:
        return tag != "latest"
    return matches(target.tags, tag)


def undeployable(image: Image) -> str | None:
    """Return why ECS cannot run this artifact of a repository; None when ECS can.

    A signature or a Helm chart has a manifest whose config is not an image's (ECR API reference,
    ImageDetail, artifactMediaType). An image index has no config, so ECR gives no artifact media
    type for it.
    """
    if image.manifest_type and image.manifest_type not in _MANIFESTS:
        return f"its manifest's media type is {image.manifest_type}, not an image's"
    if image.artifact_type and image.artifact_type not in IMAGE_CONFIGS:
        return f"it holds {image.artifact_type}, not a container image"
    if image.status == "ACTIVATING":
        return "it is being restored from the archive; deploy it by hand when that is done"
    if image.status != "ACTIVE":
        return (
            f"its status is {image.status}, so ECS cannot pull it; restore it with "
            "`aws ecr update-image-storage-class`, then deploy it by hand"
        )
    return None

"""event -> push -> targets: is this an image that deploys, and which services follow it?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from chalicelib.model.base import Frozen
from chalicelib.model.images import Digest, Image, ImagePush, is_tag
from chalicelib.model.places import Place
from chalicelib.model.targets import Target

# cosign's signatures, attestations and SBOMs, and OCI referrers: `sha256-<hex>[.sig|.att|.sbom]`.
_SIGNATURE_TAG = re.compile(r"sha256-[0-9a-f]{64}(\.(sig|att|sbom))?")
_PUSHES = {"ECR Image Action": "PUSH", "ECR Replication Action": "REPLICATE"}
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


# EventBridge's times are RFC 3339; pydantic would also take a number for one.
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_FIRST = datetime(2015, 12, 21, tzinfo=UTC)  # the day on which ECR was there
_SKEW = timedelta(hours=1)  # between clocks, at the most


class Ignored(Frozen):
    """Why an event means no deployment; one log line."""

    reason: str


def _rfc_3339(time: object) -> object:
    if isinstance(time, str) and _TIME.fullmatch(time):
        return time
    raise ValueError("expected a time like 2026-03-02T10:15:30Z")


class _Detail(BaseModel):
    model_config = ConfigDict(extra="ignore")

    action: str = Field(alias="action-type")
    result: str
    repository: str = Field(alias="repository-name", min_length=1, max_length=256)
    digest: str = Field(alias="image-digest", max_length=200)
    tag: str | None = Field(default=None, alias="image-tag", max_length=300)


class _Event(BaseModel):
    model_config = ConfigDict(extra="ignore")

    source: str
    kind: str = Field(alias="detail-type")
    time: Annotated[datetime, BeforeValidator(_rfc_3339)]
    detail: dict[str, Any]


class _Checked(BaseModel):
    digest: Digest


def recognise(event: object) -> ImagePush | Ignored:
    """The push that an EventBridge event tells of, or why it is none.

    ECR publishes "ECR Image Action" with action-type PUSH, once for every tag; in a replica
    region, "ECR Replication Action" with REPLICATE (Amazon ECR user guide, "Sample events from
    Amazon ECR"). An event without `image-tag` is a manifest pushed by digest: a child of an image
    index or an attestation, never what the tag names.
    """
    try:
        envelope = _Event.model_validate(event)
    except ValidationError as error:
        return Ignored(reason=f"not an EventBridge event: {_first(error)}")
    if envelope.source != "aws.ecr" or envelope.kind not in _PUSHES:
        return Ignored(reason=f"{envelope.kind!r} from {envelope.source!r} is not an image push")
    try:
        detail = _Detail.model_validate(envelope.detail)
    except ValidationError as error:
        return Ignored(reason=f"not a complete {envelope.kind} event: {_first(error)}")
    return _push(envelope, detail)


def _push(envelope: _Event, detail: _Detail) -> ImagePush | Ignored:
    if detail.action != _PUSHES[envelope.kind]:
        return Ignored(reason=f"action-type is {detail.action}, not {_PUSHES[envelope.kind]}")
    if detail.result != "SUCCESS":
        return Ignored(reason=f"the push ended with result {detail.result}")
    if not detail.tag:
        return Ignored(reason="no tag: a child of an image index, or an attestation")
    if not is_tag(detail.tag):
        return Ignored(reason=f"{detail.tag!r} is not an image tag")
    if _SIGNATURE_TAG.fullmatch(detail.tag):
        return Ignored(reason=f"the tag {detail.tag[:20]}… names a signature, attestation or SBOM")
    if envelope.time.tzinfo is None:
        return Ignored(reason="the event's time has no time zone")
    try:
        digest = _Checked(digest=detail.digest).digest
    except ValidationError:
        return Ignored(reason=f"{detail.digest!r} is not a sha256 digest")
    return ImagePush(
        repository=detail.repository, digest=digest, tag=detail.tag, time=envelope.time
    )


def untimely(push: ImagePush, now: datetime) -> Ignored | None:
    """Why nothing can have been pushed at this time; None when it can.

    A push of the future would keep every later one out: the order is that of the events' times.
    """
    if _FIRST <= push.time <= now + _SKEW:
        return None
    return Ignored(reason=f"nothing can have been pushed at {push.time.isoformat()}")


def elsewhere(event: object, here: Place) -> Ignored | None:
    """Why an event is none of this account and region; None when it is.

    A default event bus may also be sent the events of other accounts and regions (Amazon
    EventBridge user guide, "Sending and receiving events between AWS accounts"), whose
    repositories and services may have the same names.
    """
    envelope = event if isinstance(event, Mapping) else {}
    account, region = envelope.get("account"), envelope.get("region")
    if (account, region) == (here.account, here.region):
        return None
    return Ignored(
        reason=f"an event of account {account!r} in {region!r}; Slipway deploys in "
        f"{here.account}, {here.region}"
    )


def following(push: ImagePush, targets: Sequence[Target]) -> tuple[Target, ...] | Ignored:
    """The targets that this push deploys to, or why there are none.

    Repository names are compared whole. A target's `tags` must match the whole tag; without it,
    every tag but `latest` deploys.
    """
    followers = tuple(target for target in targets if target.repository == push.repository)
    if not followers:
        return Ignored(reason=f"no target follows the repository {push.repository}")
    chosen = tuple(target for target in followers if tag_deploys(push.tag, target))
    if not chosen:
        rules = ", ".join(sorted({target.tags or 'anything but "latest"' for target in followers}))
        return Ignored(reason=f"the tag {push.tag!r} is outside the rule ({rules})")
    return chosen


def tag_deploys(tag: str, target: Target) -> bool:
    """Whether this target's rule lets an image with this tag deploy by itself."""
    if target.tags is None:
        return tag != "latest"
    return re.fullmatch(target.tags, tag) is not None


def undeployable(image: Image) -> str | None:
    """Why ECS could not run what ECR holds under this digest; None when it can.

    An index has no config, so ECR reports no artifact media type for it; a signature or a Helm
    chart is a manifest whose config is not an image's (ECR API, ImageDetail.artifactMediaType).
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


def _first(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else str(first["msg"])

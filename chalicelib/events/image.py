"""ECR event -> push: decide whether an event is the push of a tagged image."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from chalicelib.events.event import Envelope, Ignored, what_is_wrong
from chalicelib.model.images import Digest, ImagePush, is_tag

# The tags of cosign's signatures, attestations and SBOMs, and of OCI referrers.
_SIGNATURE_TAG = re.compile(r"sha256-[0-9a-f]{64}(\.(sig|att|sbom))?")
_PUSHES = {"ECR Image Action": "PUSH", "ECR Replication Action": "REPLICATE"}


# EventBridge's times are RFC 3339. Pydantic alone would also take a number for a time.
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_FIRST = datetime(2015, 12, 21, tzinfo=UTC)  # the day on which AWS opened ECR
_SKEW = timedelta(hours=1)  # the most by which two clocks may differ


def _rfc_3339(time: object) -> object:
    if isinstance(time, str) and _TIME.fullmatch(time):
        return time
    raise ValueError("expected a time like 2026-03-02T10:15:30Z")


class _Detail(BaseModel):
    model_config = ConfigDict(defer_build=True, extra="ignore")

    action: str = Field(alias="action-type")
    result: str
    repository: str = Field(alias="repository-name", min_length=1, max_length=256)
    digest: str = Field(alias="image-digest", max_length=200)
    tag: str | None = Field(default=None, alias="image-tag", max_length=300)


class _Event(Envelope):
    time: Annotated[datetime, BeforeValidator(_rfc_3339)]


class _Checked(BaseModel):
    digest: Digest


def recognise_push(event: object) -> ImagePush | Ignored:
    """Return the push that an EventBridge event tells of, or why it tells of none.

    ECR publishes "ECR Image Action" with the action-type PUSH, once for every tag. In a replica
    region it publishes "ECR Replication Action" with REPLICATE (Amazon ECR user guide, "Sample
    events from Amazon ECR"). An event without `image-tag` tells of a manifest that was pushed by
    digest. That is a child of an image index or an attestation, never the image that a tag names.
    """
    try:
        envelope = _Event.model_validate(event)
    except ValidationError as error:
        return Ignored(reason=f"not an EventBridge event: {what_is_wrong(error)}")
    if envelope.source != "aws.ecr" or envelope.kind not in _PUSHES:
        return Ignored(reason=f"{envelope.kind!r} from {envelope.source!r} is not an image push")
    try:
        detail = _Detail.model_validate(envelope.detail)
    except ValidationError as error:
        return Ignored(reason=f"not a complete {envelope.kind} event: {what_is_wrong(error)}")
    return _push(envelope, detail)


def is_signature(tag: str) -> bool:
    """Whether the tag names a signature, an attestation or an SBOM of another image."""
    return _SIGNATURE_TAG.fullmatch(tag) is not None


def _push(envelope: _Event, detail: _Detail) -> ImagePush | Ignored:
    if detail.action != _PUSHES[envelope.kind]:
        return Ignored(reason=f"action-type is {detail.action}, not {_PUSHES[envelope.kind]}")
    if detail.result != "SUCCESS":
        return Ignored(reason=f"the push ended with result {detail.result}")
    if not detail.tag:
        return Ignored(reason="no tag: a child of an image index, or an attestation")
    if not is_tag(detail.tag):
        return Ignored(reason=f"{detail.tag!r} is not an image tag")
    if is_signature(detail.tag):
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
    """Return why nothing can have been pushed at the event's time; None when something can.

    The events' times order the pushes, so a push of the future would keep all later ones out.
    """
    if _FIRST <= push.time <= now + _SKEW:
        return None
    return Ignored(reason=f"nothing can have been pushed at {push.time.isoformat()}")

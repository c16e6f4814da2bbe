"""An image as ECR tells of it: the push event, and the image in the repository."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated

from pydantic import StringConstraints

from chalicelib.model.base import Frozen, Moment

# AWS' published sample digest has 60 hex digits, so exactly 64 would reject AWS' own example.
_DIGEST = re.compile(r"sha256:[0-9a-f]{32,}")
Digest = Annotated[str, StringConstraints(pattern=rf"^{_DIGEST.pattern}$", max_length=200)]
# OCI distribution specification, "Pulling manifests"; ECR API reference, PutImage (imageTag).
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
# A tag names a commit when it is a Git SHA, or docker/metadata-action's `sha-` and a SHA. A tag of
# digits alone names none: it may be a build's number.
_COMMIT = re.compile(r"sha-(?P<marked>[0-9a-f]{7,40})|(?P<bare>(?=\d{0,39}[a-f])[0-9a-f]{7,40})")


def is_digest(text: str) -> bool:
    """Whether this text has the form of an image's digest."""
    return _DIGEST.fullmatch(text) is not None


def is_tag(text: str) -> bool:
    """Whether this text has the form of an image's tag."""
    return _TAG.fullmatch(text) is not None


class ImagePush(Frozen):
    """A push event: one digest was pushed under one tag, at the event's own time (UTC)."""

    repository: str
    digest: Digest
    tag: str
    time: Moment


class Image(Frozen):
    """One image of a repository (ECR DescribeImages)."""

    repository: str
    digest: str
    tags: tuple[str, ...] = ()
    pushed_at: Moment
    uri: str
    manifest_type: str = ""
    artifact_type: str = ""
    status: str = "ACTIVE"


def commit_named(tags: Iterable[str]) -> str:
    """Return the Git commit of the first tag that names one; empty when no tag does."""
    named = (match for tag in tags if (match := _COMMIT.fullmatch(tag)) is not None)
    return next((match["marked"] or match["bare"] for match in named), "")

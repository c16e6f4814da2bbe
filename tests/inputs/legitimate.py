"""What an input must say before Slipway may act on it.

Written from AWS' documentation of the events and from the payloads in docs/contracts.md, and small
on purpose; it shares no code with the product. A legitimate input need not lead to an act: it may
still wait, be refused, or be known already.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from tests.fixtures.examples import CLUSTER, NAME, REPOSITORY, SERVICE, URI

ACCOUNT, REGION = "123456789012", "us-west-2"
_PUSHES = (("ECR Image Action", "PUSH"), ("ECR Replication Action", "REPLICATE"))
_DIGEST = re.compile(r"sha256:[0-9a-f]{32,}", re.ASCII)
# Amazon ECR API reference, ImageIdentifier: imageTag, at most 128 characters.
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", re.ASCII)
_SIGNATURE = re.compile(r"sha256-[0-9a-f]{64}.*", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_ARN = r"arn:aws:ecs:[a-z0-9-]+:\d{12}"  # the envelope says where it comes from
_SERVICE = re.compile(rf"{_ARN}:service/{NAME}", re.ASCII)
_CLUSTER = re.compile(rf"{_ARN}:cluster/{CLUSTER}", re.ASCII)
_ID = re.compile(r"[a-z0-9-]{1,60}", re.ASCII)
_EARLY = timedelta(hours=1)  # an event from further in the future would keep later ones out


def _is(pattern: re.Pattern[str], value: Any) -> bool:
    return type(value) is str and pattern.fullmatch(value) is not None


def _here(event: dict[str, Any], source: str) -> bool:
    return (event.get("account"), event.get("region"), event.get("source")) == (
        ACCOUNT,
        REGION,
        source,
    )


def _detail(event: Any) -> dict[str, Any]:
    detail = event.get("detail") if isinstance(event, dict) else None
    return detail if isinstance(detail, dict) else {}


def push(event: Any, now: datetime) -> bool:
    """Whether this is the push of a tagged image to the target's repository, here, by now."""
    detail = _detail(event)
    return (
        bool(detail)
        and _here(event, "aws.ecr")
        and (event.get("detail-type"), detail.get("action-type")) in _PUSHES
        and detail.get("result") == "SUCCESS"
        and detail.get("repository-name") == REPOSITORY
        and _is(_DIGEST, detail.get("image-digest"))
        and _is(_TAG, detail.get("image-tag"))
        and not _is(_SIGNATURE, detail["image-tag"])
        and detail["image-tag"] != "latest"
        and _is(_TIME, event.get("time"))
        and _by(event["time"], now + _EARLY)
    )


def _by(time: str, latest: datetime) -> bool:
    """Whether this is a moment, and not one after `latest`."""
    try:
        # Python 3.11 reads a fraction of a second only up to six digits.
        return datetime.fromisoformat(re.sub(r"\.\d+", "", time)) <= latest
    except ValueError:
        return False


def change(event: Any) -> bool:
    """Whether this is about the target's service here: its deployment, or a stopped task."""
    detail = _detail(event)
    if not isinstance(event, dict) or not _here(event, "aws.ecs"):
        return False
    if event.get("detail-type") == "ECS Deployment State Change":
        resources = event.get("resources")
        return isinstance(resources, list) and any(
            _is(_SERVICE, resource) for resource in resources
        )
    return (
        event.get("detail-type") == "ECS Task State Change"
        and detail.get("lastStatus") == "STOPPED"
        and _is(_CLUSTER, detail.get("clusterArn"))
        and detail.get("group") == f"service:{SERVICE}"
    )


def watch(event: Any, deployment: str) -> bool:
    return isinstance(event, dict) and event.get("deployment") == deployment


def watch_of_another(event: Any) -> bool:
    """Whether it names a deployment that the ledger's index might only not show yet."""
    return isinstance(event, dict) and _is(_ID, event.get("deployment"))


def by_hand(payload: Any, mandatory: set[str], optional: set[str]) -> bool:
    """Whether a payload has the keys of docs/contracts.md, as text; `by`, `why` of at most 500."""
    if not isinstance(payload, dict) or not mandatory <= payload.keys():
        return False
    if not payload.keys() <= mandatory | optional | {"override"}:
        return False
    absent = {key for key in optional if payload.get(key) is None}
    texts = [payload[key] for key in payload.keys() - absent - {"override"}]
    return (
        type(payload.get("override", False)) is bool
        and all(type(text) is str and text.strip() for text in texts)
        and all(len(payload[key].strip()) <= 500 for key in ("by", "why"))
        and payload["service"].strip() == NAME
    )


def deploy(payload: Any) -> bool:
    if not by_hand(payload, {"service", "image", "by", "why"}, {"key"}):
        return False
    image = payload["image"].strip()
    if not image.startswith(f"{URI}:") and not image.startswith(f"{URI}@"):
        return _is(_TAG, image) or _is(_DIGEST, image)
    tag, at, digest = image.removeprefix(URI).partition("@")
    named = not tag or (tag.startswith(":") and _is(_TAG, tag[1:]))
    return named and (not at or _is(_DIGEST, digest))


def rollback(payload: Any) -> bool:
    return by_hand(payload, {"service", "by", "why"}, {"key", "to"})

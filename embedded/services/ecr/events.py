"""The event that ECR sends when a tag or an image is pushed or deleted."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from embedded.services.ecs.names import Place


def image_action(place: Place, at: datetime, action: str, image: dict[str, str]) -> dict[str, Any]:
    """`ECR Image Action` ("Amazon ECR events and EventBridge"); `action` is PUSH or DELETE."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "ECR Image Action",
        "source": "aws.ecr",
        "account": place.account,
        "time": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": place.region,
        "resources": [],
        "detail": {"result": "SUCCESS", "action-type": action, **image},
    }

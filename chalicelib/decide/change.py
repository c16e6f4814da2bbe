"""ECS event -> the service that it is about."""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chalicelib.decide.match import Ignored
from chalicelib.model.base import Frozen

# arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/SERVICE (the short form has no cluster in it).
_SERVICE = re.compile(r"arn:[a-z-]+:ecs:[a-z0-9-]+:\d{12}:service/([\w-]{1,255}/[\w-]{1,255})")


class Changed(Frozen):
    """The service, as `CLUSTER/SERVICE`; `began` is the ECS deployment that only now began."""

    service: str
    began: str = ""


class _Event(BaseModel):
    model_config = ConfigDict(extra="ignore")

    source: str
    kind: str = Field(alias="detail-type")
    resources: list[str] = []
    detail: dict[str, Any] = {}


def changed_service(event: object) -> Changed | Ignored:
    """The service that an "ECS Deployment State Change" is about: its ARN is the event's resource.

    Amazon ECS developer guide, "Amazon ECS service deployment state change events".
    """
    try:
        envelope = _Event.model_validate(event)
    except ValidationError:
        return Ignored(reason="not an EventBridge event")
    if envelope.source != "aws.ecs" or envelope.kind != "ECS Deployment State Change":
        return Ignored(reason=f"{envelope.kind!r} from {envelope.source!r} tells of no deployment")
    for resource in envelope.resources:
        if (arn := _SERVICE.fullmatch(resource)) is not None:
            detail = envelope.detail
            begins = detail.get("eventName") == "SERVICE_DEPLOYMENT_IN_PROGRESS"
            began = str(detail.get("deploymentId", "")) if begins else ""
            return Changed(service=arn[1], began=began)
    return Ignored(reason="no service ARN among the event's resources")

"""scan event -> the repository that holds the scanned image."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chalicelib.events.event import Envelope, Ignored
from chalicelib.model.base import Frozen

_SCANS = {("aws.ecr", "ECR Image Scan"), ("aws.inspector2", "Inspector2 Scan")}


class Scanned(Frozen):
    """A scan ended in this repository. The flow looks up its image and its result."""

    repository: str


class _Detail(BaseModel):
    model_config = ConfigDict(defer_build=True, extra="ignore")

    repository: str = Field(alias="repository-name", min_length=1, max_length=2048)


def recognise_scan(event: object) -> Scanned | Ignored:
    """Return the repository that a scan event tells of, or why the event is no scan's.

    ECR's basic scanning publishes "ECR Image Scan" (Amazon ECR user guide, "Sample events from
    Amazon ECR"). For enhanced scanning, Amazon Inspector publishes "Inspector2 Scan", which names
    the repository by its ARN (Amazon Inspector user guide, "EventBridge schema").
    """
    try:
        envelope = Envelope.model_validate(event)
        if (envelope.source, envelope.kind) not in _SCANS:
            return Ignored(reason=f"{envelope.kind!r} from {envelope.source!r} is not a scan")
        detail = _Detail.model_validate(envelope.detail)
    except ValidationError:
        return Ignored(reason="not a complete event of a scan")
    name = detail.repository
    return Scanned(repository=name.partition(":repository/")[2] or name)

"""The event that Slipway puts on EventBridge's default bus: its fields are a contract.

`docs/schemas/deployment-event.json` publishes them. A new field is added with the same `version`;
when a field goes, or changes its meaning, the version is a new number.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from chalicelib.model.base import Frozen, Moment
from chalicelib.model.deployments import Cause, Status

SOURCE = "slipway"
DETAIL_TYPE = "Slipway Deployment"


class DeploymentEvent(Frozen):
    """One notice, and the facts of its deployment at the moment in which it was sent."""

    version: Literal[1] = 1
    notice: str = Field(description="The id of the notice. The same event sent twice has it twice.")
    at: Moment = Field(description="When it happened, UTC.")
    environment: str = Field(description="The stage of Slipway that sent it.")
    deployment: str = Field(description="The deployment's id; empty where the notice has none.")
    service: str = Field(description="CLUSTER/SERVICE; empty where it concerns none.")
    status: Status = Field(description="The status that the notice tells.")
    subject: str
    text: str = Field(description="The whole notice as people read it.")
    repository: str = ""
    image: str = ""
    digest: str = ""
    tag: str = ""
    commit: str = ""
    revision: str = Field(default="", description="The task definition, as FAMILY:REVISION.")
    before: str = Field(default="", description="What ran before it, as FAMILY:REVISION.")
    cause: Cause | None = None
    by: str = Field(default="", description="Who asked for it, as the caller says.")
    why: str = Field(default="", description="Why, as the caller says.")
    reason: str = Field(default="", description="Why its status is so; for a failure its headline.")
    case: str = Field(default="", description="Why it failed, without log lines.")
    log: str = Field(default="", description="The last log lines, where `log_lines` allows them.")
    created: Moment | None = None
    closed: Moment | None = Field(default=None, description="Null while the deployment is open.")
    seconds: float | None = Field(default=None, description="From created to closed.")
    phases: dict[str, float] = Field(default={}, description="The seconds of each phase.")

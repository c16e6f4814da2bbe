"""A deployment's record in the ledger, and the notices that wait in it."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Literal

from pydantic import Field

from chalicelib.model.base import Frozen, Moment


class Status(StrEnum):
    """Where a deployment stands; the transitions are in `decide/transitions.py`."""

    PENDING = "PENDING"
    HELD = "HELD"
    IN_PROGRESS = "IN_PROGRESS"
    ROLLBACK_IN_PROGRESS = "ROLLBACK_IN_PROGRESS"
    SUCCESSFUL = "SUCCESSFUL"
    FAILED = "FAILED"
    ROLLBACK_SUCCESSFUL = "ROLLBACK_SUCCESSFUL"
    ROLLBACK_FAILED = "ROLLBACK_FAILED"
    SUPERSEDED = "SUPERSEDED"
    REFUSED = "REFUSED"
    OBSERVED = "OBSERVED"


OPEN = frozenset({Status.PENDING, Status.HELD, Status.IN_PROGRESS, Status.ROLLBACK_IN_PROGRESS})
FAILURES = frozenset({Status.FAILED, Status.ROLLBACK_SUCCESSFUL, Status.ROLLBACK_FAILED})


class Cause(StrEnum):
    """Why a deployment exists."""

    PUSH = "push"
    MANUAL = "manual"
    ROLLBACK = "rollback"
    SWEEP = "sweep"
    FOREIGN = "foreign"


class Notice(Frozen):
    """One message to people; `id` lets a reader recognise that it came twice.

    `text` is the story, in plain text; `facts` are (name, value) pairs below it. `unsent` names the
    channels that it has not reached yet; None: none was tried.
    """

    id: str
    status: Status
    subject: str
    text: str
    facts: tuple[tuple[str, str], ...] = ()
    at: Moment
    unsent: tuple[str, ...] | None = Field(default=None, alias="left")

    @property
    def body(self) -> str:
        """The whole notice as plain text."""
        width = max((len(name) for name, _ in self.facts), default=0) + 2
        lines = (f"{name + ':':<{width}}{value}" for name, value in self.facts)
        return "\n".join([self.text, "", *lines])


class Return(Frozen):
    """The rollback of a failed deployment: who wanted it, and how.

    `stop` is StopServiceDeployment, `update` is UpdateService to `return_to`; ECS' own circuit
    breaker and alarms need neither (`by` is then "ecs").
    """

    by: Literal["ecs", "slipway", "person"]
    how: Literal["breaker", "stop", "update"]
    began: Moment
    done: bool = False


class Deployment(Frozen):
    """One record: bring one service to one image. Times are UTC."""

    id: str
    service: str
    status: Status
    reason: str = ""
    cause: Cause
    by: str = ""
    why: str = ""
    key: str = ""
    override: bool = False
    mode: Literal["deploy", "observe"] = "deploy"

    repository: str
    digest: str
    unconfirmed: bool = False  # ECR has not said yet that it is an image that can be deployed
    tag: str = ""
    tags: tuple[str, ...] = ()  # by which else its image is known, newest first
    request: str = ""  # the id of the invocation that recorded it
    commit: str = ""  # in Git, where a tag of the image names it
    image: str
    order: Moment
    pushed_at: Moment | None = None
    created: Moment
    updated: Moment

    denial: str = ""  # what AWS denies the next step, in words
    waiting: Moment | None = None  # since when a rollout of somebody else's is waited for
    gated: bool = False  # the scan of its image is waited for
    found_nothing: Moment | None = None  # since when that scan has ended and shows no finding
    unscanned: str = ""  # why it was applied without a scan, where a gate wants one
    acting: bool = False  # an attempt to apply it began, and how it ended is not known
    attempted: Moment | None = None  # when that attempt began
    watcher: int = 1
    base: str = ""
    revision: str = ""
    goes_to: str = ""  # an existing revision to deploy instead of rendering one (a rollback)
    return_to: str = ""
    applied_at: Moment | None = Field(default=None, alias="applied")
    # Since when there is the rollout that carries our revision, where UpdateService did not begin
    # it: the service ran the revision already, or somebody changed another setting.
    began: Moment | None = None
    deadline: Moment | None = None
    ecs_deployment: str = ""
    service_deployment: str = ""
    returning: Return | None = None

    desired: int = 0
    running: int = 0
    looked: Moment | None = None  # when its tasks were last looked at
    ended: int = 0  # how many of them had ended by then
    unexplained: Moment | None = None  # when it failed, while its case is not made yet
    case: str = ""
    notices: tuple[Notice, ...] = ()

    @property
    def open(self) -> bool:
        return self.status in OPEN

    @property
    def since(self) -> Moment | None:
        """Since when there is the rollout that carries our revision (UTC)."""
        return self.began or self.applied_at

    @property
    def given(self) -> timedelta | None:
        """How long the rollout was given: since UpdateService, or since it was adopted later."""
        if self.applied_at is None or self.deadline is None:
            return None
        return self.deadline - max(self.applied_at, self.began or self.applied_at)

    @property
    def changed_nothing(self) -> bool:
        """Whether the service ran our revision before it was applied, so nothing was updated."""
        return (
            self.began is not None and self.applied_at is not None and self.began < self.applied_at
        )

    @property
    def finished(self) -> bool:
        """Whether nothing is left to be done: it is closed, explained, and everybody was told."""
        return not self.open and not self.notices and self.unexplained is None

    @property
    def denied(self) -> bool:
        return bool(self.denial)

    @property
    def missing_permission(self) -> str:
        """What is denied, whichever function met it: what a denial says after `may not`."""
        return self.denial.partition(" may not ")[2] or self.denial

    @property
    def cluster(self) -> str:
        return self.service.split("/", 1)[0]

    @property
    def service_name(self) -> str:
        return self.service.split("/", 1)[1]

    @property
    def all_tags(self) -> tuple[str, ...]:
        """Every tag by which its image is known; first that which it was asked for by."""
        return tuple(filter(None, (self.tag, *self.tags)))

    @property
    def version(self) -> str:
        """What people call it: its image's tag, else its digest's beginning, else its revision."""
        return self.tag or self.digest[:19] or self.goes_to.rsplit("/", 1)[-1]

"""The ledger's nouns: a deployment's record, and the HEAD that orders a service's deployments."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Literal

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


_JUDGED = frozenset(Status) - {Status.REFUSED}


class Cause(StrEnum):
    """Why a deployment exists."""

    PUSH = "push"
    MANUAL = "manual"
    ROLLBACK = "rollback"
    SWEEP = "sweep"
    FOREIGN = "foreign"


class Notice(Frozen):
    """One message to people; `id` lets a reader recognise that it came twice.

    `text` is the story, in plain text; `facts` are (name, value) pairs below it. `left` names the
    channels that it has not reached yet; None: none was tried.
    """

    id: str
    status: Status
    subject: str
    text: str
    facts: tuple[tuple[str, str], ...] = ()
    at: Moment
    left: tuple[str, ...] | None = None

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
    applied: Moment | None = None
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
        return self.began or self.applied

    @property
    def given(self) -> timedelta | None:
        """How long the rollout was given: since UpdateService, or since it was adopted later."""
        if self.applied is None or self.deadline is None:
            return None
        return self.deadline - max(self.applied, self.began or self.applied)

    @property
    def changed_nothing(self) -> bool:
        """Whether the service ran our revision before it was applied, so nothing was updated."""
        return self.began is not None and self.applied is not None and self.began < self.applied

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


class Lease(Frozen):
    """The right to act on a service, until a moment (UTC)."""

    holder: str
    until: Moment


class Attempt(Frozen):
    """An attempt to change the service, whose end is not written yet: `order` as in a record."""

    deployment: str
    order: Moment
    pushed_at: Moment | None = None


class Proven(Frozen):
    """A revision that this service ran successfully, with at least one task.

    `deployment` and `tag` are those that brought it last; `earlier` are the deployments before it,
    and `tags` what else its image is called, newest first.
    """

    revision: str
    first: Moment
    deployment: str = ""
    earlier: tuple[str, ...] = ()
    digest: str = ""
    tag: str = ""
    tags: tuple[str, ...] = ()
    left: bool = False  # a rollback left it: by hand, without `to`, it is not gone back to
    missing: str = ""  # why its image cannot be pulled any more, as people were told

    @property
    def deployments(self) -> tuple[str, ...]:
        """Every deployment that brought it, newest first."""
        return tuple(filter(None, (self.deployment, *self.earlier)))

    @property
    def all_tags(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.tag, *self.tags)))


class Recent(Frozen):
    """What became of one recent deployment."""

    deployment: str
    digest: str
    status: Status
    key: str = ""


class Unconfirmed(Frozen):
    """A push that is recorded, and of which ECR has not said yet whether it is an image."""

    deployment: str
    digest: str


class Head(Frozen):
    """A service's one HEAD item, never expired: what orders its deployments.

    `version` grows by one with every change of the service's records; `met` is when Slipway first
    looked at the service; `order`, `pushed_at` and `digest` are those of the newest request (before
    the first one, `order` is when what the service runs was deployed); the `applied…` fields are
    those of the deployment that last changed the service, `applied_revision` what it works towards
    (when it is rolled back: what it goes back to).
    """

    service: str
    version: int = 0
    met: Moment | None = None
    order: Moment
    pushed_at: Moment | None = None
    digest: str = ""
    open_deployments: tuple[str, ...] = ()
    unconfirmed: tuple[Unconfirmed, ...] = ()
    applied: str = ""
    applied_revision: str = ""
    applied_order: Moment | None = None
    applied_pushed_at: Moment | None = None
    lease: Lease | None = None
    attempt: Attempt | None = None
    hold: str = ""
    barred: tuple[str, ...] = ()  # digests that a person left: not deployed but by hand
    proven: tuple[Proven, ...] = ()
    recent: tuple[Recent, ...] = ()

    @property
    def meeting(self) -> Moment | None:
        """When Slipway met the service; earlier releases kept it in `order`, until a request."""
        return self.met or (None if self.digest else self.order)

    def unconfirmed_of(self, digest: str) -> str:
        """The open deployment of a push of this digest that ECR has not confirmed, or empty."""
        open_ones = (push for push in self.unconfirmed if push.deployment in self.open_deployments)
        return next((push.deployment for push in open_ones if push.digest == digest), "")

    def proven_revision(self, revision: str) -> Proven | None:
        return next((proven for proven in self.proven if proven.revision == revision), None)

    def verdict_of(self, digest: str) -> Recent | None:
        """The newest recent deployment of this digest; a refused one had no verdict."""
        return next(
            (
                recent
                for recent in self.recent
                if recent.digest == digest and recent.status in _JUDGED
            ),
            None,
        )

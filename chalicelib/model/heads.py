"""A service's HEAD in the ledger: it orders the deployments and keeps the proven revisions."""

from __future__ import annotations

from pydantic import Field

from chalicelib.model.base import Frozen, Moment
from chalicelib.model.deployments import Status
from chalicelib.model.holds import HeldDeployment, Hold, Release
from chalicelib.model.runs import RunOutcome
from chalicelib.model.times import Lasted

_JUDGED = frozenset(Status) - {Status.REFUSED}


class Lease(Frozen):
    """The right of one holder to act on a service; it ends at `until` (UTC)."""

    holder: str
    until: Moment


class Attempt(Frozen):
    """An attempt to change the service that nobody has written the end of.

    `order` and `pushed_at` are those of the deployment.
    """

    deployment: str
    order: Moment
    pushed_at: Moment | None = None


class Proven(Frozen):
    """A revision that this service ran successfully, with at least one task.

    `first` is when it was first deployed. `deployment` and `tag` are those that brought it last.
    `earlier` lists the deployments that brought it before, and `tags` the other tags of its image,
    both newest first.
    """

    revision: str
    first: Moment
    deployment: str = ""
    earlier: tuple[str, ...] = ()
    digest: str = ""
    tag: str = ""
    tags: tuple[str, ...] = ()
    # A rollback by hand left this revision. Another one without `to` does not go back to it.
    rolled_away: bool = Field(default=False, alias="left")
    missing: str = ""  # why ECS can no longer pull its image, as people were told

    @property
    def deployments(self) -> tuple[str, ...]:
        """Every deployment that brought the revision, newest first."""
        return tuple(filter(None, (self.deployment, *self.earlier)))

    @property
    def all_tags(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.tag, *self.tags)))


class Before(Frozen):
    """A `before` task that began on this service; `outcome` is None while it runs."""

    deployment: str
    revision: str
    digest: str = ""
    tag: str = ""
    began: Moment
    outcome: RunOutcome | None = None


class Recent(Frozen):
    """A recent deployment, and where it stands."""

    deployment: str
    digest: str
    status: Status
    key: str = ""


class Unconfirmed(Frozen):
    """A recorded push of which ECR has not said yet whether its image can be deployed."""

    deployment: str
    digest: str


class Tidied(Frozen):
    """The old revisions that Slipway deregistered in a family on one day, as HEAD remembers them.

    `day` is that day (UTC, like 2026-11-22), `count` how many they were, and `first` and `last`
    name the oldest and the newest of them. `told` says that the day's line is written. `why` says
    why nothing could be deregistered when Slipway looked last, and `why_on` is the day on which it
    was told.
    """

    day: str = ""
    count: int = 0
    first: str = ""
    last: str = ""
    told: bool = False
    why: str = ""
    why_on: str = ""


class Head(Frozen):
    """A service's one HEAD item. It orders the service's deployments, and it never expires.

    `version` grows by one with every write to the service's items. `met` is when Slipway first
    looked at the service. `order`, `pushed_at` and `digest` are those of the newest request; before
    the first request, `order` is the time at which the running revision was deployed. The
    `applied…` fields are those of the deployment that last changed the service. `applied_revision`
    is the revision that the service works towards: after a failure, the one that it returns to.
    `holds` keep pushes from beginning, and `held` is the one deployment that is HELD. `tidied` is
    kept by the first target of a family that is kept tidy.
    """

    service: str
    version: int = 0
    met: Moment | None = None
    order: Moment
    pushed_at: Moment | None = None
    digest: str = ""
    open_deployments: tuple[str, ...] = ()
    unconfirmed: tuple[Unconfirmed, ...] = ()
    applied_deployment: str = Field(default="", alias="applied")
    applied_revision: str = ""
    applied_order: Moment | None = None
    applied_pushed_at: Moment | None = None
    applied_back: bool = False  # it was a rollback by hand
    lease: Lease | None = None
    attempt: Attempt | None = None
    hold: str = ""  # of schema 1; no release wrote it
    holds: tuple[Hold, ...] = ()
    held: HeldDeployment | None = None
    release: Release | None = None
    barred: tuple[str, ...] = ()  # digests that a person rolled back or stopped: only by hand
    proven: tuple[Proven, ...] = ()
    befores: tuple[Before, ...] = ()  # those that began, newest first
    scheduled: str = ""  # the newest live deployment: the scheduled tasks are to run its revision
    scheduled_order: Moment | None = None
    recent: tuple[Recent, ...] = ()
    lasted: tuple[Lasted, ...] = ()  # of the last successful deployments, newest first
    tidied: Tidied | None = None

    @property
    def meeting(self) -> Moment | None:
        """When Slipway met the service; older releases kept this in `order` until a request."""
        return self.met or (None if self.digest else self.order)

    def unconfirmed_of(self, digest: str) -> str:
        """Return the open, unconfirmed deployment of a push of this digest; empty for none."""
        still_open = (push for push in self.unconfirmed if push.deployment in self.open_deployments)
        return next((push.deployment for push in still_open if push.digest == digest), "")

    def proven_revision(self, revision: str) -> Proven | None:
        return next((proven for proven in self.proven if proven.revision == revision), None)

    def verdict_of(self, digest: str) -> Recent | None:
        """Return the newest recent deployment of this digest that was not refused."""
        return next(
            (
                recent
                for recent in self.recent
                if recent.digest == digest and recent.status in _JUDGED
            ),
            None,
        )

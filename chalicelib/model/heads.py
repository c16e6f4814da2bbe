"""A service's HEAD in the ledger: what orders its deployments, and what a rollback may go to."""

from __future__ import annotations

from pydantic import Field

from chalicelib.model.base import Frozen, Moment
from chalicelib.model.deployments import Status

_JUDGED = frozenset(Status) - {Status.REFUSED}


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
    # A rollback went away from it: one by hand without `to` does not go back to it.
    rolled_away: bool = Field(default=False, alias="left")
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
    applied_deployment: str = Field(default="", alias="applied")
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

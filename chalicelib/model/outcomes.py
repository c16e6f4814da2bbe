"""How deployments ended, and what four figures say of them (DORA's four keys)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from chalicelib.model.base import Frozen, Moment
from chalicelib.model.deployments import Deployment


class Outlines(Frozen):
    """Some records of a service; where `behind` is not empty, others follow behind this id.

    `unreadable` counts those that a newer release wrote.
    """

    records: tuple[Deployment, ...] = ()
    unreadable: int = 0
    behind: str = ""

    @property
    def read(self) -> int:
        """How many items were read."""
        return len(self.records) + self.unreadable


class Outcome(Frozen):
    """How one deployment ended: what the figures need of its record. Its times are UTC.

    `cause` and `status` are texts, so that a value of a newer release can be read. `pushed` is None
    where no push began it. `ended` is when it was live, or when it was closed without that. `left`
    is the revision that a rollback by hand left.
    """

    service: str
    deployment: str
    cause: str
    status: str
    pushed: Moment | None = None
    applied: Moment | None = None
    ended: Moment | None = None
    revision: str = ""
    left: str = ""


class Change(Frozen):
    """A deployment that brought a change to ECS and has ended.

    `lead` is the time from its push until it was live, in seconds; None where it was not live, or
    no push began it. `restored` is the time from its failure until the service was well again, in
    seconds; None where it did not fail, or the service is not well again yet.
    """

    service: str
    deployment: str
    ended: datetime
    live: bool
    failed: bool
    lead: float | None = None
    restored: float | None = None


class Spread(Frozen):
    """Of `count` values, in seconds: the median, and the value that nine of ten do not exceed.

    Both are None where there is no value.
    """

    count: int = 0
    median: float | None = None
    p90: float | None = None


class Figures(Frozen):
    """The four figures of a period of `days`, and the counts that they come from.

    `changes` have ended, `deployments` of them were live, and `failed` of them failed. A change may
    be live first and fail later. `unrestored` counts the failures that nothing has ended yet.
    """

    days: int
    deployments: int
    changes: int
    failed: int
    unrestored: int
    lead: Spread
    restore: Spread

    @property
    def per_day(self) -> float:
        """The deployments a day."""
        return self.deployments / self.days

    @property
    def failure_rate(self) -> float | None:
        """The share of changes that failed, from 0 to 1; None where there is no change."""
        return self.failed / self.changes if self.changes else None


class Measure(Frozen):
    """A value of a CloudWatch metric."""

    name: str
    value: float
    unit: Literal["Count", "Seconds"]


class Week(Frozen):
    """Seven days from `begins` (UTC): the deployments that went live, and the changes that failed.

    The first week of a period may be shorter.
    """

    begins: Moment
    deployments: int = 0
    failed: int = 0

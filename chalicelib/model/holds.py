"""Holds: what keeps a deployment from beginning, and which deployment of a service waits for it."""

from __future__ import annotations

from typing import Literal

from chalicelib.model.base import Frozen, Moment


class Hold(Frozen):
    """Pushes to a service wait, because a person said so or rolled the service back.

    It ends when a person releases it, or at `until`. `kind` is "person" for `hold`, and "rollback"
    for a rollback or a stop by hand. `request` is the id of the invocation, and `reminded` is when
    people were last told of it. Times are UTC.
    """

    kind: Literal["person", "rollback"]
    by: str
    why: str
    since: Moment
    until: Moment | None = None
    key: str = ""
    request: str = ""
    reminded: Moment | None = None

    def holds(self, now: Moment) -> bool:
        """Whether it has not ended at `now`."""
        return self.until is None or now < self.until


class HeldDeployment(Frozen):
    """The one deployment of a service that is HELD; `order` and `pushed_at` are its own."""

    deployment: str
    digest: str
    order: Moment
    pushed_at: Moment | None = None


class Release(Frozen):
    """The last release of a service: its key, and the deployment that it let go, if any."""

    key: str
    deployment: str = ""


class Approval(Frozen):
    """Who let a deployment go, why and when (UTC); `request` is the id of the invocation."""

    by: str
    why: str
    at: Moment
    request: str = ""


class Held(Frozen):
    """Why a deployment is HELD, in words, and for how long (UTC).

    `until` is when it goes by itself; it is None while a person has to act. `expires` is when the
    time for an approval is over. `reminded` is when people were last told that it waits.
    """

    words: str
    since: Moment
    until: Moment | None = None
    expires: Moment | None = None
    reminded: Moment | None = None

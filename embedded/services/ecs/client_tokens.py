"""Client tokens of RunTask: a request that is sent again starts nothing ("Ensuring idempotency").

Documented: the same token with the same parameters gets the result of the first request; with other
parameters it is a ConflictException, whose `resourceIds` are the ARNs of the tasks; a token counts
in its cluster, at most 24 hours, and at most an hour longer than its tasks live.
Inferred: the life of several tasks ends with the last one; the result is the first answer, word for
word, although the tasks have moved on; a request that started no task leaves no token, whether it
was refused or answered with `failures`; the name and the ARN of a cluster are the same parameter.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from embedded.services.ecs.errors import TokenInUse
from embedded.services.ecs.tasks import Task

LONGEST = timedelta(hours=24)
AFTER_THE_TASKS = timedelta(hours=1)
_NOT_COMPARED = ("clientToken", "cluster")


@dataclass(frozen=True)
class _Token:
    request: dict[str, Any]
    answer: dict[str, Any]
    tasks: tuple[Task, ...]
    made_at: datetime

    def lives(self, now: datetime) -> bool:
        if now >= self.made_at + LONGEST:
            return False
        ends = [each.stopped_at for each in self.tasks]
        return any(end is None or now < end + AFTER_THE_TASKS for end in ends)


class ClientTokens:
    """The tokens of one account and region."""

    def __init__(self) -> None:
        self._tokens: dict[tuple[str, str], _Token] = {}  # by cluster and token

    def answered(
        self, cluster: str, request: dict[str, Any], now: datetime
    ) -> dict[str, Any] | None:
        """What the same request was answered; None where its token is new, or lives no longer.

        Raises:
            TokenInUse: the token was given with other parameters.
        """
        self._tokens = {key: each for key, each in self._tokens.items() if each.lives(now)}
        known = self._tokens.get((cluster, request.get("clientToken") or ""))
        if known is None:
            return None
        if known.request != _compared(request):
            raise TokenInUse([task.arn for task in known.tasks])
        return copy.deepcopy(known.answer)

    def keep(
        self,
        cluster: str,
        request: dict[str, Any],
        answer: dict[str, Any],
        tasks: list[Task],
        now: datetime,
    ) -> None:
        """Remember the token of a request that has started these tasks."""
        token = request.get("clientToken")
        if token and tasks:
            kept = _Token(_compared(request), copy.deepcopy(answer), tuple(tasks), now)
            self._tokens[cluster, token] = kept


def _compared(request: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in request.items() if name not in _NOT_COMPARED}

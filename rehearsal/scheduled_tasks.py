"""Rules and schedules in a rehearsal: as the embedded AWS keeps them, but nothing makes them fire.

moto keeps the rules, with what `embedded/services/events/rules.py` adds; the schedules are those of
`embedded/services/scheduler`. People and the app reach both through moto. A test that needs a run
starts the task itself.
"""

from __future__ import annotations

import copy
import json
from contextlib import ExitStack
from typing import Any
from unittest.mock import patch

from moto.core.request import Request
from moto.events.models import Rule, events_backends
from moto.scheduler.responses import EventBridgeSchedulerResponse

from embedded.calls.call import read_call
from embedded.calls.sessions import Sessions
from embedded.clock.clock import Clock
from embedded.services.events import rules
from embedded.services.read_lag import ReadLag, Reads
from embedded.services.scheduler.api import OPERATIONS
from embedded.services.scheduler.refusals import Refused
from embedded.services.scheduler.schedule import Schedule
from embedded.services.scheduler.store import Store
from example.conflicto import ACCOUNT, REGION

_Answer = tuple[int, dict[str, Any], str]
_JSON = "application/json"
_NAMES = {"Arn", "CreationDate", "GroupName", "LastModificationDate", "Name"}


class ScheduledTasks:
    """The rules and schedules of the account, from when it is made until `patches` ends.

    With a `lag`, reads of them are up to some seconds old.
    """

    def __init__(self, clock: Clock, patches: ExitStack, lag: ReadLag | None = None) -> None:
        reads: Reads[list[dict[str, Any]]] = Reads(clock)
        rules.take_over(patches, reads)
        self._store = Store(clock, _trusted, written=_unheard, removed=_unheard)
        reads.lag(lag)
        self._store.reads.lag(lag)
        self._sessions = Sessions()

        def call_action(response: EventBridgeSchedulerResponse) -> _Answer:
            return self._answer(response)

        patches.enter_context(
            patch.object(EventBridgeSchedulerResponse, "call_action", call_action)
        )

    @property
    def keys(self) -> list[tuple[str, str, str]]:
        """The kind, the name and the target of each; a schedule's target has no id."""
        own = [
            ("rule", name, job["Id"]) for name, rule in self._rules.items() for job in rule.targets
        ]
        return [*own, *(("schedule", name, "") for name in self._store.schedules)]

    def present(self, kind: str, name: str, target: str = "") -> dict[str, Any] | None:
        """The target of a rule, or what UpdateSchedule takes of a schedule, as it is now."""
        if kind == "schedule":
            schedule = self._store.schedules.get(name)
            if schedule is None:
                return None
            body = copy.deepcopy(schedule.described())
            return {key: value for key, value in body.items() if key not in _NAMES}
        rule = self._rules.get(name)
        targets = rule.targets if rule else ()
        return copy.deepcopy(next((each for each in targets if each["Id"] == target), None))

    @property
    def _rules(self) -> dict[str, Rule]:
        buses = events_backends[ACCOUNT][REGION].event_buses
        return dict(buses["default"].rules)

    def _answer(self, response: EventBridgeSchedulerResponse) -> _Answer:
        method, url = response.method, response.uri
        asked = Request.from_primitives(method, url, response.headers, response.body or b"")
        call = read_call(asked, self._sessions)
        if call is None:
            raise NotImplementedError(f"not a signed call of AWS: {method} {url}")
        try:
            answer = OPERATIONS[call.operation](self._store, call.parameters)
        except Refused as refused:
            words = {"__type": refused.code, "message": refused.message}
            headers = {"Content-Type": _JSON, "x-amzn-ErrorType": refused.code}
            return refused.status, headers, json.dumps(words)
        return 200, {"Content-Type": _JSON}, json.dumps(answer)


def _trusted(_role: str, _service: str) -> bool:
    """Roles are not looked at: nothing assumes one here."""
    return True


def _unheard(_schedule: Schedule) -> None:
    """No timer waits for a schedule."""

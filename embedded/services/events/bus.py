"""Amazon EventBridge: an event on a bus reaches the targets of the rules that match it.

The way of an event: `emit` (AWS services) or PutEvents (everybody else) puts it on a bus; each
enabled rule that matches makes a delivery for each of its targets; one thread makes the deliveries
in order (`targets.py`). A `Disturbance` may lose, double or delay them.

moto keeps the rules (`rules.py` has what moto lacks) and matches the patterns. Scheduled rules fire
on the clock (`schedules.py`).
Some deliveries fail at once on AWS: the function's resource-based policy does not name EventBridge,
or the target is gone. Here such a delivery goes into `failures` and to the target's dead-letter
queue (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html).
"""

from __future__ import annotations

import json
import logging
import queue
import random
import threading
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, cast
from unittest.mock import patch

from moto.events.exceptions import ValidationException
from moto.events.models import EventsBackend, Rule, events_backends

from embedded.calls.sessions import ACCOUNT, REGION
from embedded.clock.clock import RunningClock, seconds_between
from embedded.gate.clients import Clients
from embedded.services.events import rules
from embedded.services.events.disturbance import Disturbance
from embedded.services.events.schedules import schedule_of
from embedded.services.events.targets import Event, Targets, target_input
from embedded.services.read_lag import ReadLag, Reads
from embedded.services.schedule_expressions import Schedule

log = logging.getLogger(__name__)

# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
_LONGEST_PATTERN = 2048


@dataclass(frozen=True)
class FailedDelivery:
    """A delivery that EventBridge gave up."""

    rule: str
    target: str
    error: str
    event: Event


@dataclass(frozen=True)
class Delivery:
    rule: Rule
    target: dict[str, Any]
    event: Event


class _Count:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.value = 0

    def add(self, change: int) -> None:
        with self._lock:
            self.value += change


class EventBus:
    """The account's event buses; `emit` puts an AWS service's own event on the default one."""

    def __init__(
        self,
        clock: RunningClock,
        clients: Clients,
        invoke: Callable[[str, bytes], None],
        trusts: Callable[[str, str], bool],
    ) -> None:
        """`trusts` says whether a role may be assumed by a service."""
        self._clock = clock
        self._targets = Targets(clock, clients, invoke, trusts)
        self._listeners: list[Callable[[Event], None]] = []
        self._queue: queue.Queue[Delivery | None] = queue.Queue()
        self._pending = _Count()
        self._disturbance = Disturbance()
        self._random = random.Random(0)
        self._reads: Reads[list[dict[str, Any]]] = Reads(clock)
        self._thread = threading.Thread(
            target=self._deliver_all, name="event-delivery", daemon=True
        )
        self._patches = ExitStack()
        self._closed = False
        self.failures: list[FailedDelivery] = []

    def start(self) -> None:
        """Take over PutEvents, PutRule and the operations on targets, and begin to deliver."""
        bus, put_events, put_rule = self, EventsBackend.put_events, EventsBackend.put_rule

        def our_put_events(backend: EventsBackend, events: list[Event]) -> list[Event]:
            with patch.object(Rule, "send_to_targets", lambda *_: None):
                entries: list[Event] = put_events(backend, events)  # moto checks and numbers them
            for event, entry in zip(events, entries, strict=True):
                if "EventId" in entry:
                    bus._accept(event, entry["EventId"])
            return entries

        def our_put_rule(backend: EventsBackend, *args: Any, **kwargs: Any) -> Rule:
            schedule = schedule_of(kwargs.get("scheduled_expression"))
            if len(kwargs.get("event_pattern") or "") > _LONGEST_PATTERN:
                raise ValidationException(f"Event pattern is longer than {_LONGEST_PATTERN}")
            rule = put_rule(backend, *args, **kwargs)
            if schedule is not None:
                bus._schedule(rule, schedule)
            return rule

        self._patches.enter_context(patch.object(EventsBackend, "put_events", our_put_events))
        self._patches.enter_context(patch.object(EventsBackend, "put_rule", our_put_rule))
        rules.take_over(self._patches, self._reads)
        self._thread.start()

    @property
    def idle(self) -> bool:
        """Whether every delivery that is due has been made."""
        return self._pending.value == 0

    def subscribe(self, listener: Callable[[Event], None]) -> None:
        """Call `listener` with every event on any bus."""
        self._listeners.append(listener)

    def disturb(self, disturbance: Disturbance | None = None) -> None:
        """Disturb the deliveries from now on; without an argument, no longer."""
        self._disturbance = disturbance or Disturbance()
        self._random = random.Random(self._disturbance.seed)

    def lag_reads(self, lag: ReadLag | None = None) -> None:
        """Let reads of targets lag behind writes from now on; without an argument, no longer."""
        self._reads.lag(lag)

    def emit(self, event: Event, bus: str = "default") -> None:
        """Put an event on the bus, now, with the members that it lacks.

        This never blocks: another thread delivers.
        """
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "account": ACCOUNT,
            "time": _timestamp(self._clock.now()),
            "region": REGION,
            "resources": [],
            **event,
        }
        self._tell(event)
        with self._clock.lock:
            held = events_backends[ACCOUNT][REGION].event_buses.get(bus)
            for rule in list(held.rules.values()) if held else []:
                if rule.state == "ENABLED" and matches(rule, event):
                    self._to_targets(rule, event)

    def close(self) -> None:
        self._closed = True
        self._patches.close()
        self._queue.put(None)
        self._thread.join()

    def _accept(self, entry: Event, event_id: str) -> None:
        time = entry.get("Time")
        event = {
            "version": "0",
            "id": event_id,
            "detail-type": entry["DetailType"],
            "source": entry["Source"],
            "account": ACCOUNT,
            "time": _timestamp(datetime.fromtimestamp(float(time), self._clock.now().tzinfo))
            if time
            else _timestamp(self._clock.now()),
            "region": REGION,
            "resources": entry.get("Resources", []),
            "detail": json.loads(entry["Detail"]),
        }
        self.emit(event, (entry.get("EventBusName") or "default").rsplit("/", 1)[-1])

    def _schedule(self, rule: Rule, schedule: Schedule) -> None:
        begun = self._clock.now()

        def wait(moment: datetime) -> None:
            due = schedule.after(moment, begun)
            if due is not None:
                left = seconds_between(self._clock.now(), due)
                self._clock.call_later(left, partial(fire, due))

        def fire(due: datetime) -> None:
            held = events_backends[ACCOUNT][REGION].event_buses.get(rule.event_bus_name)
            if self._closed or held is None or held.rules.get(rule.name) is not rule:
                return
            wait(due)
            if rule.state == "ENABLED":
                self._fire_schedule(rule)

        wait(begun)

    def _fire_schedule(self, rule: Rule) -> None:
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": ACCOUNT,
            "time": _timestamp(self._clock.now()),
            "region": REGION,
            "resources": [rule.arn],
            "detail": {},
        }
        self._tell(event)
        self._to_targets(rule, event)

    def _tell(self, event: Event) -> None:
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:  # a listener's mistake must not end the clock's thread
                log.exception("A listener failed on %s", event["detail-type"])

    def _to_targets(self, rule: Rule, event: Event) -> None:
        wrong, chance = self._disturbance, self._random.random
        for target in rule.targets:
            delivery = Delivery(rule, target, event)
            if not wrong.matching(event):
                self._enqueue(delivery)
                continue
            if chance() < wrong.drop:
                continue
            for _ in range(2 if chance() < wrong.duplicate else 1):
                if chance() < wrong.late:
                    late = wrong.late_seconds * chance()
                    self._clock.call_later(late, partial(self._enqueue, delivery))
                else:
                    self._enqueue(delivery)

    def _enqueue(self, delivery: Delivery) -> None:
        self._pending.add(1)
        self._queue.put(delivery)

    def _deliver_all(self) -> None:
        while (delivery := self._queue.get()) is not None:
            try:
                self._targets.deliver(delivery.rule, delivery.target, delivery.event)
            except Exception as error:
                self._give_up(delivery, f"{type(error).__name__}: {error}")
            finally:
                self._pending.add(-1)

    def _give_up(self, delivery: Delivery, error: str) -> None:
        rule, target = delivery.rule.arn, delivery.target["Arn"]
        self.failures.append(FailedDelivery(delivery.rule.name, target, error, delivery.event))
        log.warning("EventBridge could not deliver to %s: %s", target, error)
        letters = (delivery.target.get("DeadLetterConfig") or {}).get("Arn")
        if not letters:
            return
        words = {"RULE_ARN": rule, "TARGET_ARN": target, "ERROR_MESSAGE": error}
        attributes = {k: {"DataType": "String", "StringValue": v} for k, v in words.items()}
        body = target_input(delivery.target, delivery.event)
        try:
            self._targets.to_queue(letters, body, MessageAttributes=attributes)
        except Exception:
            log.exception("EventBridge could not reach the dead-letter queue %s", letters)


def matches(rule: Rule, event: Event) -> bool:
    """Whether the rule has a pattern, and the event fits it ("Creating … event patterns")."""
    pattern = rule.event_pattern  # empty for a rule that only has a schedule
    return bool(pattern.get_pattern()) and bool(pattern.matches_event(cast(Any, event)))


def _timestamp(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")

"""what a person wants -> its plan -> the act: nothing is done that was not shown before.

The server keeps each plan. The page sends back its id, with the reason, so what is done is what
the plan said: the deployment, the revision and the stage of the rollout are named in it. A plan has
a key, so a second click changes nothing.
"""

from __future__ import annotations

import textwrap
import uuid
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from chalicelib.errors import Refused
from cli.dashboard.stages import Stages
from cli.show import held as held_words
from cli.show import plan as plan_words
from cli.show.words import version, who

Verb = Literal["hold", "release", "drop", "resume", "back", "rollback"]
Payload = Mapping[str, Any]
_KEPT = 100  # plans; the oldest ones are forgotten
_DOES = {  # the heading of the plan, and the button
    "hold": ("Hold pushes to", "Hold pushes"),
    "release": ("Release", "Release"),
    "drop": ("Refuse what is held on", "Refuse it"),
    "resume": ("Let the rollout go on:", "Go on"),
    "back": ("Roll the paused rollout back:", "Roll back"),
    "rollback": ("Roll back", "Roll back"),
    "stop": ("Stop the rollout and roll back", "Stop and roll back"),
}


class Wanted(BaseModel):
    """The body of a request for a plan; `to` is a revision or a deployment to go back to."""

    model_config = ConfigDict(extra="forbid", strict=True)

    stage: str = Field(max_length=200)
    act: Verb
    service: str = Field(max_length=600)
    to: str = Field("", max_length=600)


class Confirmed(BaseModel):
    """The body of a request to do what a plan said; `until` is for a hold."""

    model_config = ConfigDict(extra="forbid", strict=True, str_strip_whitespace=True)

    plan: str = Field(max_length=64)
    why: str = Field(min_length=1, max_length=500)
    until: str = Field("", max_length=64)


@dataclass(frozen=True)
class Choice:
    """A revision to which a service may go back; `note` says what is special about it."""

    revision: str
    version: str
    first: str
    by: str
    note: str
    chosen: bool


@dataclass(frozen=True)
class Plan:
    """What would be done, in words; `may` is false where Slipway would refuse it."""

    id: str
    wanted: Wanted
    function: str
    payload: Payload
    heading: str
    button: str
    lines: tuple[str, ...]
    may: bool = True
    choices: tuple[Choice, ...] = ()
    key: str = field(default_factory=lambda: uuid.uuid4().hex)


class Acts:
    """The plans of this run."""

    def __init__(self, stages: Stages) -> None:
        self._stages = stages
        self._plans: OrderedDict[str, Plan] = OrderedDict()

    def plan(self, wanted: Wanted) -> Plan:
        """Return the plan of what a person wants; nothing is changed.

        Raises:
            Refused: when there is nothing to do, or AWS does not answer.
        """
        if wanted.stage not in self._stages.names:
            raise Refused(f"There is no stage {wanted.stage!r} here")
        made = self._rollback(wanted) if wanted.act == "rollback" else self._of_row(wanted)
        self._plans[made.id] = made
        while len(self._plans) > _KEPT:
            self._plans.popitem(last=False)
        return made

    def do(self, confirmed: Confirmed) -> tuple[Plan, list[str], str]:
        """Do what a plan said; return it, the outcome in words, and the deployment's id, if any.

        Raises:
            Refused: when the plan is not known any more, or Slipway refuses.
        """
        plan = self._plans.get(confirmed.plan)
        if plan is None or not plan.may:
            raise Refused("This plan is too old. Next: close it, and look at a new one")
        payload = {**plan.payload, "by": self._stages.identity(plan.wanted.stage)}
        payload |= {"why": confirmed.why, "key": plan.key}
        payload |= {"until": confirmed.until} if plan.function == "hold" and confirmed.until else {}
        reply = self._stages.call(plan.wanted.stage, plan.function, payload)
        return plan, _outcome(plan.function, reply), str(reply.get("deployment", ""))

    def _rollback(self, wanted: Wanted) -> Plan:
        asked: dict[str, Any] = {"service": wanted.service} | (
            {"to": wanted.to} if wanted.to else {}
        )
        planned = {**asked, "by": "slipway", "why": "a plan", "plan": True}
        told = self._stages.call(wanted.stage, "rollback", planned)
        does = told["would"]
        if does != "stop" and told.get("revision"):
            asked["to"] = told["revision"]  # what the person sees, whatever happens meanwhile
        heading, button = _DOES["stop" if does == "stop" else "rollback"]
        return Plan(
            id=uuid.uuid4().hex,
            wanted=wanted,
            function="rollback",
            payload=asked,
            heading=f"{heading} {wanted.service}",
            button=button,
            lines=_dedented(list(plan_words.lines(told))[1:]),
            may=does not in {"refuse", "nothing"},
            choices=() if does == "stop" else tuple(_choices(told)),
        )

    def _of_row(self, wanted: Wanted) -> Plan:
        asked = {"service": wanted.service, "board": True}
        row = self._stages.call(wanted.stage, "status", asked)["board"][0]
        function, payload, would = _wanted_of(row, wanted)
        heading, button = _DOES[wanted.act]
        return Plan(
            id=uuid.uuid4().hex,
            wanted=wanted,
            function=function,
            payload=payload,
            heading=f"{heading} {wanted.service}",
            button=button,
            lines=_dedented([*held_words.now(row)[1:], f"  {would}"]),
        )


def _wanted_of(row: Payload, wanted: Wanted) -> tuple[str, Payload, str]:
    """Return the function, its payload, and what it would do, for a row of the board.

    Raises:
        Refused: when nothing is held or paused.
    """
    drop = wanted.act in {"drop", "back"}
    deploy = "none" if drop else "newest"
    if wanted.act == "hold":
        return "hold", {"service": wanted.service}, held_words.would_hold(None)
    if wanted.act in {"resume", "back"}:
        paused = held_words.paused(row)
        if paused is None:
            raise Refused(f"ECS does not pause a rollout of {wanted.service} now")
        payload = {"deployment": paused["deployment"], "stage": paused["paused"]["stage"]}
        return "release", payload | {"deploy": deploy}, held_words.would_resume(paused, drop=drop)
    held = held_words.held(row)
    if not held and not row.get("holds"):
        raise Refused(f"Nothing is held on {wanted.service} now")
    named = {"deployment": held} if held else {"service": wanted.service}
    return "release", named | {"deploy": deploy}, held_words.would(row, drop=drop)


def _dedented(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(textwrap.dedent("\n".join(lines)).splitlines())


def _choices(told: Payload) -> Iterable[Choice]:
    notes = {"runs": "runs now", "left": "a rollback left it", "missing": "its image is gone"}
    goes_to = told.get("revision")
    proven: Sequence[Payload] = told.get("proven", ())
    for one in proven:
        yield Choice(
            revision=one["revision"],
            version=version(one),
            first=one["first"],
            by=who(one),
            note=", ".join(words for key, words in notes.items() if one.get(key)),
            chosen=one["revision"] == goes_to,
        )


def _outcome(function: str, reply: Payload) -> list[str]:
    if function == "hold":
        words = held_words.holding(reply)
    elif function == "release" and "stage" in reply:
        words = held_words.resumed(reply)
    elif function == "release":
        words = held_words.released(reply)
    else:
        words = plan_words.accepted(reply)
    return [line for line in words if not line.startswith("Next")]

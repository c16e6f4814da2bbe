"""HEAD or record <-> stored attributes: this file lists every stored name, and its schema number.

An item carries the number of the oldest schema that can read it. So an older release goes on with
every item that uses nothing new, and leaves the others alone. The number 1 is never written: the
release before the numbers refuses an attribute that it does not know.

To add a field, give it a default. Then add its stored name to the newest schema's line here, and to
that schema's items in tests/fixtures/stored. Add a new value of a status, a cause or another
enumeration in the same way. Once a release has written a schema, its line is closed, and the next
number begins.

A renamed field keeps its stored name as its alias: `runs: str = Field("", alias="old")`. The
meaning of a stored name never changes, and neither does its default. A new meaning needs a new
name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, TypeVar

from pydantic import ValidationError

from chalicelib.errors import Unreadable
from chalicelib.model.base import Frozen
from chalicelib.model.deployments import Deployment
from chalicelib.model.heads import Head

NEWEST = 2
SCHEMA = "schema"  # the attribute that carries the number
_Model = TypeVar("_Model", bound=Frozen)
_Names = Mapping[int, str]  # schema -> the names that came with it

_STATUSES: _Names = {
    1: """PENDING HELD IN_PROGRESS ROLLBACK_IN_PROGRESS SUCCESSFUL FAILED ROLLBACK_SUCCESSFUL
    ROLLBACK_FAILED SUPERSEDED REFUSED OBSERVED""",
    2: "PREPARING",
}

_RUN_NAMES = (
    "container timeout began attempt request asked failed task started missing stopping "
    "stopped_for withdrawn ended outcome exit_code reason"
)
_TASK_NAMES = (
    "id revision started_by new created pull_started pull_stopped started healthy stopping stopped"
)
_OUTCOMES: _Names = {2: "SUCCEEDED FAILED NOT_STARTED UNKNOWN"}


def _inner(outer: str, names: str) -> str:
    """Return the names as those of `outer`."""
    return "".join(f" {outer}.{name}" for name in names.split())


@dataclass(frozen=True)
class Kind:
    """One kind of item: its stored names (`outer.inner`) and the values of its enumerations."""

    names: _Names
    values: Mapping[str, _Names]

    @cached_property
    def since(self) -> dict[str, int]:
        """The number of the schema that brought each name, and each `name=value`."""
        named = {name: number for number, names in self.names.items() for name in names.split()}
        valued = {
            f"{name}={value}": number
            for name, schemas in self.values.items()
            for number, values in schemas.items()
            for value in values.split()
        }
        return named | valued


KINDS: Mapping[type[Frozen], Kind] = {
    Head: Kind(
        names={
            1: """service version order pushed_at digest open_deployments
            applied applied_revision applied_order applied_pushed_at
            lease lease.holder lease.until
            attempt attempt.deployment attempt.order attempt.pushed_at hold
            proven proven.revision proven.first proven.deployment proven.digest proven.tag
            proven.left proven.missing
            recent recent.deployment recent.digest recent.status recent.key""",
            2: """met barred unconfirmed unconfirmed.deployment unconfirmed.digest
            proven.earlier proven.tags
            applied_back release release.key release.deployment
            holds holds.kind holds.by holds.why holds.since holds.until
            holds.key holds.request holds.reminded
            held held.deployment held.digest held.order held.pushed_at
            befores befores.deployment befores.revision befores.digest befores.tag befores.began
            befores.outcome scheduled scheduled_order
            tidied tidied.day tidied.count tidied.first tidied.last tidied.told
            tidied.why tidied.why_on
            lasted lasted.capacity lasted.pulling lasted.starting lasted.healthy
            lasted.draining""",
        },
        values={
            "recent.status": _STATUSES,
            "holds.kind": {2: "person rollback"},
            "befores.outcome": _OUTCOMES,
        },
    ),
    Deployment: Kind(
        names={
            1: """id service status reason cause by why key override mode
            repository digest tag commit image order pushed_at created updated
            denial waiting gated unscanned acting attempted watcher base revision goes_to return_to
            applied deadline ecs_deployment service_deployment
            returning returning.by returning.how returning.began returning.done
            desired running looked ended case
            notices notices.id notices.status notices.subject notices.text notices.facts notices.at
            notices.left""",
            2: """began unexplained found_nothing unconfirmed tags request base_changes
            log log_private held held.words held.since held.until held.expires
            held.reminded approval approval.by approval.why approval.at approval.request
            told told.at told.status told.subject
            slack slack.channel slack.ts slack.shown slack.mentioned
            stage traffic pause pause.stage pause.hooks pause.seen pause.since pause.expires
            pause.at_timeout pause.ended pause.answer pause.answer.by pause.answer.why
            pause.answer.at pause.answer.request pause.back
            watch_after succeeded
            before has_after after
            has_scheduled scheduled scheduled.kind scheduled.name scheduled.target scheduled.named
            scheduled.cluster
            scheduled.revision scheduled.state scheduled.sent scheduled.was scheduled.answered
            scheduled.why scheduled.tells scheduled.told scheduled_due
            blocked steps steps.at steps.stage steps.traffic steps.waits ecs_ended closed_at
            times_due times times.note times.events times.events.at times.events.message
            times.phases times.phases.phase times.phases.milliseconds times.phases.usual
            times.tasks"""
            + _inner("times.tasks", _TASK_NAMES)
            + _inner("before", _RUN_NAMES)
            + _inner("after", _RUN_NAMES),
        },
        values={
            "status": _STATUSES,
            "notices.status": _STATUSES,
            "cause": {1: "push manual rollback sweep foreign"},
            "mode": {1: "deploy observe"},
            "returning.by": {1: "ecs slipway person"},
            "returning.how": {1: "breaker stop update"},
            "before.outcome": _OUTCOMES,
            "after.outcome": _OUTCOMES,
            "scheduled.kind": {2: "rule schedule"},
            "scheduled.state": {2: "DUE DONE LEFT LOST GONE GIVEN_UP"},
        },
    ),
}


def stored(model: Frozen) -> dict[str, Any]:
    """Return the model as plain values under their stored names, with the number of its schema.

    Fields that have their default are left out, and so is the number 1.
    """
    fields = model.model_dump(mode="json", exclude_defaults=True, by_alias=True)
    number = schema_of(KINDS[type(model)], fields)
    return fields if number == 1 else {**fields, SCHEMA: number}


def schema_of(kind: Kind, fields: Mapping[str, Any]) -> int:
    """Return the oldest schema that can read these fields; an unlisted name needs the newest."""
    return max((kind.since.get(word, NEWEST) for word in _words(kind, fields, "")), default=1)


def read(model: type[_Model], fields: Mapping[str, Any], item: str) -> _Model:
    """Return the model that these stored fields hold; `item` names them in an error.

    Raises:
        Unreadable: when the schema is newer than this release, or the fields do not fit the model.
    """
    number = fields.get(SCHEMA, 1)
    if not isinstance(number, int | Decimal) or number > NEWEST:
        raise Unreadable(
            f"the ledger's {item} has schema {number}, and this release of Slipway reads up to "
            f"{NEWEST}: a newer release wrote it. {_NEXT}"
        )
    try:
        return model.model_validate({key: fields[key] for key in fields if key != SCHEMA})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Unreadable(
            f"the ledger's {item} cannot be read: `{where}`: {first['msg']}. Another release of "
            f"Slipway wrote it, or somebody by hand. {_NEXT}"
        ) from error


_NEXT = (
    "Deploy the newest release of Slipway that ran here (`make deploy`); until then it is left as "
    "it is"
)


def _words(kind: Kind, value: Any, name: str) -> Iterator[str]:
    """Yield each name that is used, and `name=value` for each value of an enumeration."""
    match value:
        case dict():
            for key, inner in value.items():
                path = f"{name}.{key}" if name else key
                yield path
                yield from _words(kind, inner, path)
        case list():
            for inner in value:
                yield from _words(kind, inner, name)
        case str() if name in kind.values:
            yield f"{name}={value}"

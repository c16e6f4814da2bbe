"""targets.toml -> the targets of one stage: which service follows which repository, and how."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection
from itertools import combinations
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from chalicelib.errors import Refused
from chalicelib.model.commands import AfterSettings, BeforeSettings, chosen_container
from chalicelib.model.freezes import Freezes
from chalicelib.model.notices import NoticeChannels
from chalicelib.model.placeholders import BRACES, UnknownPlaceholder, filled
from chalicelib.model.scans import Severity
from chalicelib.model.scheduled import TASKS, FollowSettings, meeting
from chalicelib.model.tag_patterns import checked
from chalicelib.model.target_values import (
    Days,
    EcsName,
    RepositoryName,
    RevisionCount,
    Seconds,
)
from chalicelib.model.waits import ordered, waits_rightly

# The tables and keys that the file itself has.
TOP_LEVEL = ("shared", "target", "task", "environment", "notices")


class ScanGate(BaseModel):
    """The gate on scans: a push waits for its scan, and findings worse than `max` refuse it."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    max: Severity
    wait: Seconds = 600
    on_timeout: Literal["deploy", "refuse"] = "refuse"


class Gate(BaseModel):
    """The checks that a deployment has to pass before it is applied."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    scan: ScanGate | None = None


class Target(BaseModel):
    """A service that Slipway keeps up to date from a repository: one `[[target]]` of one stage."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    repository: RepositoryName
    cluster: EcsName
    service: EcsName
    environments: tuple[str, ...] = ()
    family: EcsName | None = None
    containers: tuple[EcsName, ...] = ()
    tags: Annotated[str, AfterValidator(checked)] | None = None
    mode: Literal["deploy", "observe"] = "deploy"
    base: Literal["family", "service"] = "family"
    deadline: Seconds = 1800
    watch_after: Seconds | None = None
    crash_loop: bool = True
    base_changes: Literal["tell", "refuse"] = "tell"
    pass_roles: tuple[str, ...] = ()
    log_groups: tuple[str, ...] = ()
    log_lines: Literal["notices", "status", "never"] = "notices"
    gate: Gate = Gate()
    before: Annotated[BeforeSettings, AfterValidator(chosen_container)] | None = None
    after: Annotated[AfterSettings, AfterValidator(chosen_container)] | None = None
    waits_for: str | None = None
    follow: FollowSettings = FollowSettings()
    hold_after_rollback: bool = True
    approval: Days | None = None
    freeze: Freezes = ()
    keep_revisions: RevisionCount = 0  # 0 keeps all

    @property
    def name(self) -> str:
        """The name by which people and the ledger know the service: `CLUSTER/SERVICE`."""
        return f"{self.cluster}/{self.service}"

    @property
    def families(self) -> tuple[str, ...]:
        """The families that it names: the service's own, and those of its scheduled tasks."""
        return ((self.family,) if self.family else ()) + self.follow.families

    @property
    def is_task(self) -> bool:
        """Whether it stands for a [[task]], which has no service."""
        return self.cluster == TASKS

    @property
    def tidies(self) -> bool:
        """Whether Slipway deregisters old revisions of the target's family."""
        return self.mode == "deploy" and bool(self.keep_revisions)


class Targets(BaseModel):
    """All targets of one stage, in the file's order; those of [[task]] come last.

    `account` is the AWS account of the stage, where the file says it. `shared` lists the names that
    several environments use on purpose. Both are for packaging only.
    """

    model_config = ConfigDict(defer_build=True, frozen=True)

    stage: str
    all: tuple[Target, ...]
    notices: NoticeChannels = NoticeChannels()
    account: str | None = None
    shared: frozenset[str] = frozenset()

    def following(self, repository: str) -> tuple[Target, ...]:
        """Return the targets that follow exactly this repository (`app` is not `app-worker`)."""
        return tuple(target for target in self.all if target.repository == repository)

    def waiting_for(self, service: str) -> tuple[Target, ...]:
        """Return the targets whose pushes wait for the `before` of `CLUSTER/SERVICE`."""
        return tuple(target for target in self.all if target.waits_for == service)

    def in_order(self, targets: Collection[Target]) -> tuple[Target, ...]:
        """Return these targets: each after what it waits for, otherwise in the file's order."""
        return tuple(target for target in ordered(self.all) if target in targets)

    def called(self, service: str) -> tuple[Target, ...]:
        """Return the target of `CLUSTER/SERVICE`, or all that have this `SERVICE` name."""
        return tuple(target for target in self.all if service in {target.name, target.service})

    def named(self, service: str) -> Target | None:
        """Return the target of `CLUSTER/SERVICE`; None when no target has this name."""
        return next((target for target in self.all if target.name == service), None)


def load_targets(text: str, stage: str) -> Targets:
    """Return the targets of `stage` in the text of a targets.toml.

    `{env}` becomes the stage's name everywhere, and keys of `[environment.STAGE]` override each
    target's own. When the file has no `[environment.*]` table, every stage is allowed. A target
    with `environments` is left out in all others.

    Raises:
        Refused: when the file is wrong; the message names the table, the key and what was expected.
    """
    document = _document(text)
    overrides = _overrides(document, stage)
    account = _account(overrides.pop("account", None), stage)
    notices = _channels(document, overrides.pop("notices", {}), stage)
    tables, tasks = _tables(document, "target"), _tables(document, "task")
    if not tables and not tasks:
        raise Refused("targets.toml: no [[target]] found; expected at least one.")
    every = [_target(n, table, overrides, stage) for n, table in enumerate(tables, start=1)]
    every += [_task(n, table, overrides, stage) for n, table in enumerate(tasks, start=1)]
    targets = tuple(one for one in every if not one.environments or stage in one.environments)
    _only_known_environments(document)
    _some_target(targets, stage)
    _no_service_twice(targets)
    _no_family_moved_twice(targets)
    for number, target in enumerate(every, start=1):
        if target in targets and not waits_rightly(target, targets):
            from chalicelib.model import mistakes  # noqa: PLC0415 - only where there is one

            place = _place(number, ("waits_for",), overrides, stage)
            words = mistakes.of_waiting(target, targets, every)
            raise Refused(f"targets.toml: {place}, key `waits_for`: {words}")
        if target.keep_revisions and target.family is None:
            place = _place(number, ("keep_revisions",), overrides, stage)
            raise Refused(
                f"targets.toml: {place}, key `keep_revisions`: {target.name} names no `family`, so "
                "its revisions may be in any family. Next: write `family` too, or remove the key."
            )
    return Targets(
        stage=stage,
        all=targets,
        notices=notices,
        account=account,
        shared=_shared(document),
    )


def environments(text: str) -> tuple[str, ...]:
    """Return the names of all `[environment.NAME]` tables, in the file's order.

    Raises:
        Refused: when the text is not a targets file.
    """
    return tuple(_environments(_document(text)))


def _document(text: str) -> dict[str, Any]:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Refused(f"targets.toml is not TOML: {error}.") from error
    if unknown := sorted(document.keys() - {*TOP_LEVEL}):
        from chalicelib.model import mistakes  # noqa: PLC0415 - only where there is one

        raise Refused(f"targets.toml: {mistakes.at_the_top(unknown[0])}")
    return document


def _shared(document: dict[str, Any]) -> frozenset[str]:
    names = document.get("shared", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Refused(
            "targets.toml: `shared` must be a list of the names that several environments use, "
            f'like ["conflicto"], found {names!r}.'
        )
    if braced := next((name for name in names if BRACES.search(name)), None):
        raise Refused(
            "targets.toml: `shared` names what is the same in several environments, so no braces "
            f'are filled in there, found "{braced}". Next: remove it, or write each name itself.'
        )
    return frozenset(names)


def _account(found: object, stage: str) -> str | None:
    if found is None or (isinstance(found, str) and re.fullmatch(r"\d{12}", found, re.ASCII)):
        return found
    raise Refused(
        f"targets.toml: [environment.{stage}], key `account`: expected the 12 digits of an AWS "
        f'account as a text, like "123456789012", found {found!r}.'
    )


def _tables(document: dict[str, Any], name: str) -> list[dict[str, Any]]:
    tables = document.get(name, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise Refused(f"targets.toml: `{name}` must be written as [[{name}]] tables.")
    return tables


def _environments(document: dict[str, Any]) -> dict[str, Any]:
    tables = document.get("environment", {})
    if not isinstance(tables, dict):
        raise Refused("targets.toml: `environment` must be written as [environment.NAME] tables.")
    return tables


def _overrides(document: dict[str, Any], stage: str) -> dict[str, Any]:
    tables = _environments(document)
    if tables and stage not in tables:
        known = ", ".join(sorted(tables))
        raise Refused(
            f"targets.toml: no [environment.{stage}]; the file knows {known}. "
            f"Add the table, or choose one of these as STAGE."
        )
    overrides = tables.get(stage, {})
    if not isinstance(overrides, dict):
        raise Refused(f"targets.toml: [environment.{stage}] must be a table.")
    return dict(overrides)


def _channels(document: dict[str, Any], override: object, stage: str) -> NoticeChannels:
    """The channels; a key of [environment.STAGE.notices] stands in place of that of [notices]."""
    here, common = f"[environment.{stage}.notices]", document.get("notices", {})
    if not isinstance(common, dict) or not isinstance(override, dict):
        place = here if isinstance(common, dict) else "[notices]"
        raise Refused(f"targets.toml: {place} must be a table.")
    written = {**common, **override}
    try:
        return NoticeChannels.model_validate(filled(written, stage))
    except UnknownPlaceholder as error:
        raise _placeholder(here if error.place[0] in override else "[notices]", error) from error
    except ValidationError as error:
        from chalicelib.model import mistakes  # noqa: PLC0415 - only where there is one

        first = mistakes.telling_of_channels(error)
        place = here if first["loc"] and first["loc"][0] in override else "[notices]"
        raise Refused(f"targets.toml: {place}, {mistakes.of_channels(first, written)}") from error


def _target(number: int, table: dict[str, Any], overrides: dict[str, Any], stage: str) -> Target:
    written = {**table, **overrides}
    try:
        return Target.model_validate(filled(written, stage))
    except UnknownPlaceholder as error:
        raise _placeholder(_place(number, error.place, overrides, stage), error) from error
    except ValidationError as error:
        from chalicelib.model import mistakes  # noqa: PLC0415 - only where there is one

        first = mistakes.telling(error)
        place = _place(number, first["loc"], overrides, stage)
        raise Refused(f"targets.toml: {place}, {mistakes.of_target(first, written)}") from error


def _task(number: int, table: dict[str, Any], overrides: dict[str, Any], stage: str) -> Target:
    """The target that stands for a [[task]]; of an environment, it takes the keys that it knows."""
    from chalicelib.model.task_targets import TaskTable  # noqa: PLC0415 - only where there is one

    known = {key: overrides[key] for key in overrides.keys() & TaskTable.model_fields.keys()}
    written = {**table, **known}
    try:
        return TaskTable.model_validate(filled(written, stage)).target
    except UnknownPlaceholder as error:
        raise _placeholder(_place(number, error.place, known, stage, "task"), error) from error
    except ValidationError as error:
        from chalicelib.model import mistakes  # noqa: PLC0415 - only where there is one

        first = mistakes.telling(error, TaskTable)
        place = _place(number, first["loc"], known, stage, "task")
        words = mistakes.of_target(first, written, TaskTable)
        raise Refused(f"targets.toml: {place}, {words}") from error


def _place(
    number: int,
    key: tuple[int | str, ...],
    overrides: dict[str, Any],
    stage: str,
    table: str = "target",
) -> str:
    """The table in which a key stands."""
    overridden = key and key[0] in overrides
    return f"[environment.{stage}]" if overridden else f"[[{table}]] number {number}"


def _placeholder(place: str, error: UnknownPlaceholder) -> Refused:
    from chalicelib.model import mistakes  # noqa: PLC0415 - only where there is one

    return Refused(f"targets.toml: {place}, {mistakes.of_placeholder(error)}")


def _only_known_environments(document: dict[str, Any]) -> None:
    """`environments` says which of the file's environments have a target, and nothing else."""
    tables = _environments(document)
    if any("environments" in table for table in tables.values() if isinstance(table, dict)):
        raise Refused(
            "targets.toml: `environments` stands in an [environment.NAME] table; it belongs into "
            "a [[target]] and says which environments have it."
        )
    written = [
        (f"[[{kind}]] number {number}", table.get("environments", []))
        for kind in ("target", "task")
        for number, table in enumerate(_tables(document, kind), start=1)
    ]
    for place, names in written:
        for name in names:
            if tables and name not in tables:
                raise Refused(
                    f"targets.toml: {place}, key `environments`: there is no "
                    f"[environment.{name}]; the file knows {', '.join(sorted(tables))}."
                )


def _some_target(targets: tuple[Target, ...], stage: str) -> None:
    if not targets:
        raise Refused(
            f"targets.toml: no [[target]] is for {stage}; each names other `environments`. "
            f'Write "{stage}" into one of them.'
        )


def _no_family_moved_twice(targets: tuple[Target, ...]) -> None:
    """No rule or schedule gets revisions of one family from two places."""
    tasks = {target.service for target in targets if target.is_task}
    for target in targets:
        families = {*target.follow.families, target.family}
        twice = next((family for family in sorted(tasks) if family in families), None)
        if twice is not None and not target.is_task:
            raise Refused(
                f"targets.toml: the family {twice} has a [[task]], and the [[target]] of "
                f"{target.name} has it too. Next: write the rules and schedules into `follow` of "
                "that target, and remove the [[task]]."
            )
    moving: dict[str, list[Target]] = {}
    for target in targets:
        for family in {*target.families} if target.follow.any else ():
            moving.setdefault(family, []).append(target)
    for sharing in moving.values():
        for one, other in combinations(sharing, 2):
            _nothing_followed_twice(one, other)


def _nothing_followed_twice(one: Target, other: Target) -> None:
    """Two targets that may move one family have no rule and no schedule in common."""
    pairs = {
        "rule": (one.follow.rules, other.follow.rules),
        "schedule": (one.follow.schedules, other.follow.schedules),
    }
    for kind, (mine, theirs) in pairs.items():
        if name := meeting(mine, theirs):
            raise Refused(
                f"targets.toml: the [[target]]s of {one.name} and {other.name} both follow with "
                f'the {kind} "{name}", and both may run one family: each would undo what the other '
                f"does. Next: name the {kind} in one of them only."
            )


def _no_service_twice(targets: tuple[Target, ...]) -> None:
    names: set[str] = set()
    for target in targets:
        if target.name in names and target.is_task:
            raise Refused(
                f"targets.toml: the family {target.family} is named by two [[task]] tables. Next: "
                "write the rules and schedules of both into one of them."
            )
        if target.name in names:
            raise Refused(
                f"targets.toml: the service {target.name} is named by two [[target]] tables; "
                "a service follows one repository. Next: remove one of them, or correct its "
                "`cluster` or `service`."
            )
        names.add(target.name)

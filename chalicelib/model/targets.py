"""targets.toml -> the targets of one stage: which service follows which repository, and how."""

from __future__ import annotations

import re
import tomllib
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    ValidationError,
)
from pydantic_core import ErrorDetails

from chalicelib.errors import Refused
from chalicelib.model.freezes import Freeze, Freezes
from chalicelib.model.scans import Severity
from chalicelib.model.tag_patterns import checked

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_MINUTE, _TWO_DAYS = 60, 48 * 3600
_HOUR, _SIXTY_DAYS = 3600, 60 * 86_400
# Names as ECR and ECS accept them: CreateRepository's repositoryName, CreateCluster's clusterName.
_REPOSITORY = r"^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$"
_ECS_NAME = r"^[a-zA-Z0-9_-]{1,255}$"


def seconds(text: object) -> int:
    """Return the seconds that "90s", "30m" or "2h" means; a whole number is taken as seconds.

    Raises:
        ValueError: when it is neither, or when it is not between a minute and two days.
    """
    if (meant := _span(text, r"(\d{1,6})([smh])", _MINUTE, _TWO_DAYS)) is None:
        raise ValueError('expected a time from "1m" to "48h", like "90s", "30m" or "2h"')
    return meant


def days(text: object) -> int:
    """Return the seconds that "12h" or "7d" means.

    Raises:
        ValueError: when it is not such a text, or not between an hour and sixty days.
    """
    if (meant := _span(text, r"(\d{1,4})([hd])", _HOUR, _SIXTY_DAYS)) is None:
        raise ValueError('expected a time from "1h" to "60d", like "12h" or "7d"')
    return meant


def _span(text: object, pattern: str, least: int, most: int) -> int | None:
    """Return the seconds that a text or a whole number means; None when they are out of bounds."""
    match = re.fullmatch(pattern, text) if isinstance(text, str) else None
    meant = int(match[1]) * _UNITS[match[2]] if match else text
    if not isinstance(meant, int) or isinstance(meant, bool) or not least <= meant <= most:
        return None
    return meant


Days = Annotated[int, BeforeValidator(days)]
Seconds = Annotated[int, BeforeValidator(seconds)]
# The name, in this account, of an SSM parameter (SecureString) or of a Secrets Manager secret.
_SECRET_NAME = r"^(ssm:/[A-Za-z0-9_./-]+|secretsmanager:[A-Za-z0-9_/+=.@-]+)$"  # noqa: S105 - a pattern
SecretName = Annotated[str, StringConstraints(pattern=_SECRET_NAME, max_length=500)]
EcsName = Annotated[str, StringConstraints(pattern=_ECS_NAME)]


class ScanGate(BaseModel):
    """The gate on scans: a push waits for its scan, and findings worse than `max` refuse it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max: Severity
    wait: Seconds = 600
    on_timeout: Literal["deploy", "refuse"] = "refuse"


class Gate(BaseModel):
    """The checks that a deployment has to pass before it is applied."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scan: ScanGate | None = None


class Target(BaseModel):
    """A service that Slipway keeps up to date from a repository: one `[[target]]` of one stage."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    repository: Annotated[str, StringConstraints(pattern=_REPOSITORY, max_length=256)]
    cluster: EcsName
    service: EcsName
    environments: tuple[str, ...] = ()
    family: EcsName | None = None
    containers: tuple[EcsName, ...] = ()
    tags: Annotated[str, AfterValidator(checked)] | None = None
    mode: Literal["deploy", "observe"] = "deploy"
    base: Literal["family", "service"] = "family"
    deadline: Seconds = 1800
    crash_loop: bool = True
    base_changes: Literal["tell", "refuse"] = "tell"
    pass_roles: tuple[str, ...] = ()
    log_groups: tuple[str, ...] = ()
    log_lines: Literal["notices", "status", "never"] = "notices"
    gate: Gate = Gate()
    hold_after_rollback: bool = True
    approval: Days | None = None
    freeze: Freezes = ()

    @property
    def name(self) -> str:
        """The name by which people and the ledger know the service: `CLUSTER/SERVICE`."""
        return f"{self.cluster}/{self.service}"


_TABLES: dict[tuple[int | str, ...], type[BaseModel]] = {
    ("freeze",): Freeze,
    ("gate",): Gate,
    ("gate", "scan"): ScanGate,
}


class NoticeChannels(BaseModel):
    """The channels besides SNS. Each value names the secret that holds the URL, never the URL."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slack: SecretName | None = None
    webhook: SecretName | None = None

    @property
    def named(self) -> dict[str, str]:
        """The secret's name for each channel that the file sets."""
        return {name: secret for name, secret in self.model_dump().items() if secret}


class Targets(BaseModel):
    """All targets of one stage, in the file's order.

    `account` is the AWS account of the stage, where the file says it. `shared` lists the names that
    several environments use on purpose. Both are for packaging only.
    """

    model_config = ConfigDict(frozen=True)

    stage: str
    all: tuple[Target, ...]
    notices: NoticeChannels = NoticeChannels()
    account: str | None = None
    shared: frozenset[str] = frozenset()

    def following(self, repository: str) -> tuple[Target, ...]:
        """Return the targets that follow exactly this repository (`app` is not `app-worker`)."""
        return tuple(target for target in self.all if target.repository == repository)

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
    every = (
        _target(number, table, overrides, stage)
        for number, table in enumerate(_tables(document), start=1)
    )
    targets = tuple(one for one in every if not one.environments or stage in one.environments)
    _only_known_environments(document)
    _some_target(targets, stage)
    _no_service_twice(targets)
    return Targets(
        stage=stage,
        all=targets,
        notices=_channels(document, stage),
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
    if unknown := sorted(document.keys() - {"target", "environment", "notices", "shared"}):
        raise Refused(
            f"targets.toml: unknown table or key `{unknown[0]}`; "
            "expected only `shared`, [[target]], [environment.NAME] and [notices]."
        )
    return document


def _shared(document: dict[str, Any]) -> frozenset[str]:
    names = document.get("shared", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Refused(
            "targets.toml: `shared` must be a list of the names that several environments use, "
            f'like ["conflicto"], found {names!r}.'
        )
    return frozenset(names)


def _account(found: object, stage: str) -> str | None:
    if found is None or (isinstance(found, str) and re.fullmatch(r"\d{12}", found, re.ASCII)):
        return found
    raise Refused(
        f"targets.toml: [environment.{stage}], key `account`: expected the 12 digits of an AWS "
        f'account as a text, like "123456789012", found {found!r}.'
    )


def _tables(document: dict[str, Any]) -> list[dict[str, Any]]:
    tables = document.get("target", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise Refused("targets.toml: `target` must be written as [[target]] tables.")
    if not tables:
        raise Refused("targets.toml: no [[target]] found; expected at least one.")
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


def _channels(document: dict[str, Any], stage: str) -> NoticeChannels:
    try:
        return NoticeChannels.model_validate(_with_env(document.get("notices", {}), stage))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "?"
        raise Refused(
            f"targets.toml: [notices], key `{key}`: expected `slack` or `webhook`, each "
            f'"ssm:/NAME" or "secretsmanager:NAME", found {first["input"]!r}.'
        ) from error


def _target(number: int, table: dict[str, Any], overrides: dict[str, Any], stage: str) -> Target:
    try:
        return Target.model_validate(_with_env({**table, **overrides}, stage))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "?"
        overridden = key.split(".")[0] in overrides
        place = f"[environment.{stage}]" if overridden else f"[[target]] number {number}"
        raise Refused(f"targets.toml: {place}, key `{key}`: {_expected(first)}.") from error


def _expected(error: ErrorDetails) -> str:
    if error["type"] == "extra_forbidden":
        table = tuple(part for part in error["loc"][:-1] if isinstance(part, str))
        fields = _TABLES.get(table, Target).model_fields.items()
        keys = ", ".join(field.alias or name for name, field in fields)
        return f"there is no such key; expected one of {keys}"
    if error["type"] == "missing":
        needs = "every target" if len(error["loc"]) == 1 else f"this {error['loc'][0]}"
        return f"it is missing, and {needs} needs it"
    return f"{error['msg'].removeprefix('Value error, ')}, found {error['input']!r}"


def _with_env(value: Any, stage: str) -> Any:
    if isinstance(value, str):
        return value.replace("{env}", stage)
    if isinstance(value, list):
        return [_with_env(item, stage) for item in value]
    if isinstance(value, dict):
        return {key: _with_env(item, stage) for key, item in value.items()}
    return value


def _only_known_environments(document: dict[str, Any]) -> None:
    """`environments` says which of the file's environments have a target, and nothing else."""
    tables = _environments(document)
    if any("environments" in table for table in tables.values() if isinstance(table, dict)):
        raise Refused(
            "targets.toml: `environments` stands in an [environment.NAME] table; it belongs into "
            "a [[target]] and says which environments have it."
        )
    for number, target in enumerate(_tables(document), start=1):
        for name in target.get("environments", []):
            if tables and name not in tables:
                raise Refused(
                    f"targets.toml: [[target]] number {number}, key `environments`: there is no "
                    f"[environment.{name}]; the file knows {', '.join(sorted(tables))}."
                )


def _some_target(targets: tuple[Target, ...], stage: str) -> None:
    if not targets:
        raise Refused(
            f"targets.toml: no [[target]] is for {stage}; each names other `environments`. "
            f'Write "{stage}" into one of them.'
        )


def _no_service_twice(targets: tuple[Target, ...]) -> None:
    names: set[str] = set()
    for target in targets:
        if target.name in names:
            raise Refused(
                f"targets.toml: the service {target.name} is named by two [[target]] tables; "
                "a service follows one repository."
            )
        names.add(target.name)

"""A mistake in targets.toml -> its words: the key, what was expected, what was found, what to do.

Import this where a mistake was found, not before: every function reads the file at its cold start.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from chalicelib.model.commands import AfterSettings, BeforeSettings
from chalicelib.model.freezes import Freeze
from chalicelib.model.meant import meant
from chalicelib.model.notices import (
    GROUPS,
    KINDS,
    EventsSettings,
    NoticeChannels,
    SlackSettings,
    TeamsSettings,
    WebhookSettings,
)
from chalicelib.model.placeholders import UnknownPlaceholder
from chalicelib.model.registries import repository_of
from chalicelib.model.scheduled import RULE, SCHEDULE, FollowSettings
from chalicelib.model.target_values import (
    ECS_NAME,
    REPOSITORY,
    EcsName,
    RepositoryName,
    is_ecr_host,
)
from chalicelib.model.targets import TOP_LEVEL, Gate, ScanGate, Target
from chalicelib.model.waits import waited_for

# The tables inside of a target, by their keys.
_TABLES: dict[tuple[str, ...], type[BaseModel]] = {
    (): Target,
    ("freeze",): Freeze,
    ("gate",): Gate,
    ("gate", "scan"): ScanGate,
    ("before",): BeforeSettings,
    ("after",): AfterSettings,
    ("follow",): FollowSettings,
}
# What people write where `{env}` is meant.
_LIKE_ENV = ("env", "environment", "stage", "envname", "stagename")
_PATTERNS = {
    REPOSITORY: "the name of an ECR repository (lower-case letters, digits and `.`, `_`, `-`, `/`)",
    RULE: "the name of a rule (letters, digits, `.`, `-` and `_`, at most 64), with or without `*` "
    "at its end",
    SCHEDULE: "a schedule as `GROUP/NAME`, with or without `*` at its end; AWS' own group is "
    "`default`",
    ECS_NAME: "a name of ECS (letters, digits, `-` and `_`, at most 255), not an ARN",
}


def at_the_top(key: str) -> str:
    """The words for a table or key that is not one of the file's own."""
    return (
        f"unknown table or key `{key}`; expected only `shared`, [[target]], [[task]], "
        f"[environment.NAME] and [notices].{_did_you_mean(key, TOP_LEVEL) or _elsewhere(key)}"
    )


def telling(error: ValidationError, table: type[BaseModel] = Target) -> ErrorDetails:
    """The error to tell: a misspelt key rather than the key that is missing because of it.

    `table` is the model of what stands at the top: a [[target]] or a [[task]].
    """

    def misspelt(found: ErrorDetails) -> bool:
        key, where = found["loc"][-1], found["loc"][:-1]
        return found["type"] == "extra_forbidden" and bool(_near(key, _keys(where, table)))

    errors = error.errors()
    return next(filter(misspelt, errors), errors[0])


def of_target(
    error: ErrorDetails, written: Mapping[str, Any], table: type[BaseModel] = Target
) -> str:
    """The words for a wrong target; `written` has its keys as they stand in the file."""
    return f"key `{key_of(error['loc'])}`: {_expected(error, _at(written, error['loc']), table)}"


def telling_of_channels(error: ValidationError) -> ErrorDetails:
    """The error of [notices] to tell: a key that does not exist rather than one that is missing."""
    errors = error.errors()
    return next((each for each in errors if each["type"] == "extra_forbidden"), errors[0])


def of_channels(error: ErrorDetails, written: Mapping[str, Any]) -> str:
    """The words for a wrong [notices]. A URL or a token is a secret, so it is never shown."""
    place, found = error["loc"], error["input"]
    if place and isinstance(written.get(str(place[0])), str):  # the short form has no inner key
        place = place[:1]
    names = [str(part) for part in place if not isinstance(part, int)]
    if error["type"] == "extra_forbidden":
        known = list((_CHANNELS[names[0]] if len(names) > 1 else NoticeChannels).model_fields)
        return (
            f"key `{key_of(place)}`: there is no such key; expected one of {', '.join(known)}."
            f"{_did_you_mean(names[-1], known)}"
        )
    if error["type"] == "kind":
        guess = f' Did you mean "{near[0]}"?' if (near := meant(str(found), KINDS)) else ""
        return f"key `{key_of(place)}`: expected {_KINDS}, found {found!r}.{guess}"
    path = ".".join(names)
    wanted = _CHANNEL_KEYS.get(path) or _CHANNEL_KEYS.get(names[-1] if names else "")
    shown = _without_secrets(found, hidden=path in _NAMES_A_SECRET)
    return f"key `{key_of(place)}`: expected {wanted or error['msg']}, found {shown}."


_CHANNELS: dict[str, type[BaseModel]] = {
    "slack": SlackSettings,
    "teams": TeamsSettings,
    "webhook": WebhookSettings,
    "events": EventsSettings,
}
_NAME_OF_ONE = '"ssm:/NAME" or "secretsmanager:NAME"'
_KINDS = f"one of {', '.join(GROUPS)}, or a status like SUCCESSFUL"
_NAMES_A_SECRET = frozenset(
    {"slack", "slack.webhook", "slack.token", "teams", "teams.webhook", "webhook", "webhook.url"}
)
_CHANNEL_KEYS = {
    "slack": f"{_NAME_OF_ONE} of a webhook, {{webhook = {_NAME_OF_ONE}}}, or "
    f"{{token = {_NAME_OF_ONE}, "
    'channel = "C0123456789"}; only a token goes with `mention`',
    "slack.webhook": _NAME_OF_ONE,
    "slack.token": _NAME_OF_ONE,
    "teams": f"{_NAME_OF_ONE}, or {{webhook = {_NAME_OF_ONE}}}",
    "teams.webhook": _NAME_OF_ONE,
    "webhook": f"{_NAME_OF_ONE}, or {{url = {_NAME_OF_ONE}}}",
    "webhook.url": _NAME_OF_ONE,
    "channel": 'the id of a channel, like "C0123456789"',
    "events": "true, false or a table with `only`",
    "only": 'a list, like ["failures", "held"]',
    "mention": 'a table, like {failures = "<!here>"}',
    **dict.fromkeys(
        KINDS,
        "mentions as Slack writes them, with spaces between: <!here>, <!channel>, <@U…> or "
        "<!subteam^S…>",
    ),
}


def _without_secrets(found: Any, *, hidden: bool) -> str:
    """What was found, in words; a text that may be a URL or a token is only described."""
    if hidden and isinstance(found, str):
        a_url = "a URL, which belongs into such a secret"
        return a_url if "://" in found else "a text that is not the name of a secret"
    return f"a table with {', '.join(map(str, found))}" if isinstance(found, dict) else repr(found)


def of_waiting(target: Target, targets: Sequence[Target], every: Iterable[Target]) -> str:
    """The words for a `waits_for` that no push could wait for.

    `targets` are those of the stage, and `every` are also those that it leaves out.
    """
    name = str(target.waits_for)
    first = next((other for other in targets if other.name == name), None)
    if first is None:
        return _nothing_to_wait_for(target, targets, every)
    if name == target.name:
        return f"{name} cannot wait for itself. Next: name another target, or remove the key."
    if first.repository != target.repository:
        return (
            f"expected a target that follows {target.repository} too, found {name!r}, which "
            f"follows {first.repository}. Next: name another target, or remove the key."
        )
    if first.before is None:
        return (
            f"expected a target with `before`, found {name!r}, which has none. "
            "Next: write its `before`, or remove `waits_for`."
        )
    if target.name in (circle := waited_for(target, targets)):
        return (
            f"{target.name} waits for {', which waits for '.join(circle)}: none could ever begin. "
            "Next: remove one `waits_for` of these."
        )
    return (
        f"expected a target that deploys, found {name!r}, which only observes, so its `before` "
        'never runs. Next: remove `waits_for`, or write mode = "observe" here too.'
    )


def _nothing_to_wait_for(target: Target, targets: Sequence[Target], every: Iterable[Target]) -> str:
    name = str(target.waits_for)
    if any(other.name == name for other in every):
        return (
            f"expected another target of this environment, found {name!r}, whose `environments` "
            "leave it out. Next: write `environments` here too, or remove the key."
        )
    others = [other.name for other in targets if other is not target]
    near = [other for other in others if other.rpartition("/")[2] == name] or meant(name, others)
    guess = f' Did you mean "{near[0]}"?' if near else ""
    return f"expected CLUSTER/SERVICE of another target, found {name!r}.{guess}"


def of_placeholder(error: UnknownPlaceholder) -> str:
    """The words for a text with braces that mean nothing."""
    bare = re.sub(r"[^a-z]", "", error.token.lower())
    near = meant(bare, _LIKE_ENV)
    instead = error.text.replace(error.token, "{env}")
    guess = f' Did you mean "{instead}"?' if near or not bare else " Write the name itself."
    return (
        f"key `{key_of(error.place)}`: `{error.token}` is no placeholder; expected only `{{env}}`, "
        f"which becomes the environment's name, found {error.text!r}.{guess}"
    )


def key_of(place: Iterable[int | str]) -> str:
    """The key as it is named in an error: `gate.scan.max`, `freeze.0.from`."""
    return ".".join(str(part) for part in place) or "?"


def _expected(error: ErrorDetails, written: Any, table: type[BaseModel]) -> str:
    where = error["loc"][:-1]
    found = f"found {(error['input'] if written is None else written)!r}."
    match error["type"]:
        case "extra_forbidden":
            return _no_such_key(str(error["loc"][-1]), where, table)
        case "missing":
            every = "every target" if table is Target else "every task"
            needs = f"`{where[0]}`" if where else every
            return f"it is missing, and {needs} needs it."
        case "tuple_type":
            return f"expected a list, like [{_items(error)}], {found}"
        case "string_pattern_mismatch" | "registry":
            return f"{_pattern(error)}, {found}{_name_meant(error, written)}"
        case _:
            return f"{error['msg'].removeprefix('Value error, ')}, {found}"


def _no_such_key(key: str, where: tuple[int | str, ...], table: type[BaseModel]) -> str:
    known = _keys(where, table)
    if guess := _did_you_mean(key, known):
        return f"there is no such key.{guess} Expected one of {', '.join(known)}."
    return f"there is no such key; expected one of {', '.join(known)}.{_elsewhere(key)}"


def _keys(where: Iterable[int | str], top: type[BaseModel] = Target) -> list[str]:
    """The keys of the table at this place of a target."""
    table = tuple(part for part in where if isinstance(part, str))
    model = _TABLES.get(table, top) if table else top
    fields = model.model_fields.items()
    return [field.alias or name for name, field in fields]


def _elsewhere(key: str) -> str:
    """The sentence that this key belongs into another table; empty where it belongs nowhere."""
    if key in NoticeChannels.model_fields:
        return f" `{key}` belongs into [notices]."
    if _near(key, ["account"]):
        return " `account` belongs into [environment.NAME]."
    places = [
        f"`{'.'.join(table)}`" if table else "a [[target]]"
        for table in _TABLES
        if key in _keys(table)
    ]
    return f" `{key}` belongs into {' or '.join(places)}." if places else ""


def _pattern(error: ErrorDetails) -> str:
    pattern = error.get("ctx", {}).get("pattern", REPOSITORY)
    return f"expected {_PATTERNS[pattern]}" if pattern in _PATTERNS else error["msg"]


def _name_meant(error: ErrorDetails, written: Any) -> str:
    """The question which name was meant, where a URI, an ARN or a revision was written."""
    if not isinstance(written, str):
        return ""
    if error["loc"][0] == "schedules" or error["loc"][:2] == ("follow", "schedules"):
        return f' Did you mean "default/{written}"?' if "/" not in written else ""
    if error["loc"] == ("repository",):
        name, allowed = _repository_meant(written), TypeAdapter[str](RepositoryName)
    else:
        name, allowed = written.rpartition("/")[2].partition(":")[0], TypeAdapter[str](EcsName)
    try:
        allowed.validate_python(name.replace("{env}", "env"))
    except ValidationError:
        return ""
    tagged = error["loc"] == ("repository",) and repository_of(written) != written
    return f' Did you mean "{name}"?' + (" Say in `tags` which tags deploy." if tagged else "")


def _repository_meant(uri: str) -> str:
    """The repository's name in an image's URI."""
    name = repository_of(uri.rpartition("://")[2])
    host, _, rest = name.partition("/")
    return (rest if is_ecr_host(host) else name).lower()


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    near = _near(word, known)
    return f" Did you mean `{near}`?" if near else ""


def _near(word: object, known: Iterable[str]) -> str | None:
    return next(iter(meant(str(word), known)), None)


def _at(written: Any, place: Iterable[int | str]) -> Any:
    """What stands at this place in the file; None where nothing does."""
    for part in place:
        try:
            written = written[part]
        except (LookupError, TypeError):
            return None
    return written


def _items(error: ErrorDetails) -> str:
    """The items of the list that was meant by one value; a command is split as a shell does."""
    found = error["input"]
    if error["loc"][-1] == "command" and isinstance(found, str):
        with suppress(ValueError):  # a quote that nothing closes
            return ", ".join(_toml(part) for part in shlex.split(found))
    return _toml(found)


def _toml(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)

"""The text of slipway.toml -> its stages, or what is wrong in it: the table, the key, the value."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from chalicelib.model.base import Frozen
from chalicelib.model.meant import did_you_mean
from cli.exits import Usage
from cli.package.names import STAGE
from cli.stages import StageEntry

_TABLE = "stage"
_SHOWN = 100  # characters of a wrong value
_PATTERNS = {
    STAGE: "lower-case letters, digits and hyphens, at most 27, a letter first",
    r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}": "letters, digits and `.`, `_`, `-`, at most 60",
    r"[a-z]{2}[a-z0-9-]{1,30}": "an AWS region, like eu-central-1",
    r"[^\x00-\x1f\x7f]{1,200}": "the name of a profile in your AWS configuration",
}
_STAGE, _NAME, _REGION, _PROFILE = (
    StringConstraints(pattern=rf"^(?:{pattern})$") for pattern in _PATTERNS
)
_WORDS = {f"^(?:{pattern})$": words for pattern, words in _PATTERNS.items()}


class _Stage(Frozen):
    """One [[stage]]."""

    stage: Annotated[str, _STAGE]
    name: Annotated[str, _NAME] | None = None
    profile: Annotated[str, _PROFILE] | None = None
    region: Annotated[str, _REGION] | None = None


def entries(text: str, file: str) -> tuple[StageEntry, ...]:
    """The stages of the text, in its order; `file` is how messages name it.

    Raises:
        Usage: when it is no TOML, a key is wrong, or a name stands twice.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Usage(f"{file} is not TOML: {error}") from error
    if unknown := next((key for key in document if key != _TABLE), None):
        guess = _asked(unknown, [_TABLE])
        raise Usage(f"{file}: unknown table or key `{unknown}`; expected only [[stage]].{guess}")
    tables = document.get(_TABLE, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise Usage(f"{file}: `stage` is written as [[stage]], with two brackets, once a stage")
    found = tuple(_entry(table, f"{file}: [[stage]] number {n}") for n, table in _counted(tables))
    _no_name_twice(found, file)
    return found


def _counted(tables: Iterable[dict[str, Any]]) -> Iterable[tuple[int, dict[str, Any]]]:
    return enumerate(tables, start=1)


def _entry(table: dict[str, Any], place: str) -> StageEntry:
    try:
        found = _Stage.model_validate(table)
    except ValidationError as error:
        raise Usage(f"{place}, {_mistake(error.errors())}") from error
    return StageEntry(found.stage, found.name or found.stage, found.profile, found.region)


def _mistake(errors: list[ErrorDetails]) -> str:
    """What is wrong. An unknown key comes first: a missing one may follow from it."""
    first = next((each for each in errors if each["type"] == "extra_forbidden"), errors[0])
    key = str(first["loc"][0])
    known = list(_Stage.model_fields)
    if first["type"] == "extra_forbidden":
        expected = f"Expected one of {', '.join(known)}."
        return f"key `{key[:_SHOWN]}`: there is no such key.{_asked(key, known)} {expected}"
    if first["type"] == "missing":
        return f"key `{key}`: it is missing, and every stage needs it."
    pattern = first.get("ctx", {}).get("pattern", "")
    expected = _WORDS.get(pattern, "a text in quotes")
    return f"key `{key}`: expected {expected}, found {str(first['input'])[:_SHOWN]!r}."


def _no_name_twice(found: tuple[StageEntry, ...], file: str) -> None:
    first: dict[str, int] = {}
    for number, entry in enumerate(found, start=1):
        if (earlier := first.setdefault(entry.name, number)) != number:
            raise Usage(
                f"{file}: [[stage]] number {number}, key `name`: number {earlier} is named "
                f"{entry.name!r} too. Next: give one of them another `name`"
            )


def _asked(word: str, known: Iterable[str]) -> str:
    """The question " Did you mean `x`?"; empty where nothing is similar."""
    guess = did_you_mean(word, known, "`")
    return f" D{guess[1:]}" if guess else ""

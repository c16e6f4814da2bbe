"""value of targets.toml + stage -> the value with the stage's name for each `{env}`."""

from __future__ import annotations

import re
from typing import Any

# Braces, of which only `{env}` means something. `{7}` and `{7,40}` are repetitions in `tags`.
BRACES = re.compile(r"\$?(?<!\{)\{++[^{}]*+\}++")
_REPETITION = re.compile(r"\{(\d+,?\d*|,\d+)\}")
# In a command, a shell and JSON have braces of their own. These are probably meant as `{env}`.
_LIKE_ENV = re.compile(r"\$?\{+\s*(?:env|environment|stage)\s*\}+", re.IGNORECASE)


class UnknownPlaceholder(ValueError):
    """A text of the file has braces that mean nothing, at this place of its table."""

    def __init__(self, place: tuple[int | str, ...], token: str, text: str) -> None:
        super().__init__(token)
        self.place, self.token, self.text = place, token, text


def filled(value: Any, stage: str, place: tuple[int | str, ...] = ()) -> Any:
    """Return the value with the stage's name for each `{env}`.

    Raises:
        UnknownPlaceholder: when a text has other braces. Those of a command are the program's own.
    """
    if isinstance(value, str):
        for found in BRACES.finditer(value) if "{" in value else ():
            if found[0] != "{env}" and not _means_itself(found[0], place):
                raise UnknownPlaceholder(place, found[0], value)
        return value.replace("{env}", stage)
    if isinstance(value, list):
        return [filled(item, stage, (*place, number)) for number, item in enumerate(value)]
    if isinstance(value, dict):
        return {key: filled(item, stage, (*place, key)) for key, item in value.items()}
    return value


def _means_itself(braces: str, place: tuple[int | str, ...]) -> bool:
    if place[-2:-1] == ("command",):
        return _LIKE_ENV.fullmatch(braces) is None
    return _REPETITION.fullmatch(braces.removeprefix("$")) is not None

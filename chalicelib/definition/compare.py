"""two task definitions -> the names of the fields in which they differ, never a value.

Works on ECS' raw JSON, so a field that this SDK does not know is compared too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from chalicelib.definition.render import NAMED_LISTS, RESPONSE_ONLY, all_named
from chalicelib.explain.text import one_line

_LEFT_OUT = RESPONSE_ONLY | {"tags"}  # every revision of ours has other tags
_PAIRS = {"environment", "secrets"}  # a name and its value: the name is all that may be told
_NOTHING: tuple[Any, ...] = (None, [], {})


def changed_fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """The fields that differ, sorted: `cpu`, `containerDefinitions[web].environment[MODE]`.

    `+` before a name: only in `after`; `-`: only in `before`. What only answers have is left out
    (API reference, TaskDefinition); containers, environment and secrets are compared by name. A
    field that is empty on one side and absent on the other does not differ.
    """
    unlike = _unlike(_registered(before), _registered(after), "", "")
    return tuple(sorted(map(one_line, unlike), key=lambda name: (name.lstrip("+-"), name)))


def _registered(body: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in _LEFT_OUT}


def _unlike(before: Any, after: Any, key: str, path: str) -> list[str]:
    one, other = _parts(before, key, path), _parts(after, key, path)
    if one is None or other is None:
        return [] if _json(before) == _json(after) else [path]
    unlike = []
    for below in one.keys() | other.keys():
        was, now = one.get(below), other.get(below)
        if was in _NOTHING or now in _NOTHING:
            unlike += [f"-{below}"] * (was not in _NOTHING)
            unlike += [f"+{below}"] * (now not in _NOTHING)
        elif key in _PAIRS:
            unlike += [below] * (_json(was) != _json(now))
        else:
            unlike += _unlike(was, now, below.rpartition(".")[2], below)
    return unlike


def _parts(value: Any, key: str, path: str) -> dict[str, Any] | None:
    """What `value` is made of, by path; None when it is compared as a whole."""
    if isinstance(value, Mapping):
        return {f"{path}.{name}" if path else str(name): part for name, part in value.items()}
    if (name := NAMED_LISTS.get(key)) and all_named(value, value, name):
        parts = {f"{path}[{part[name]}]": part for part in value}
        return parts if len(parts) == len(value) else None
    return None


def _json(value: Any) -> str:
    """Python calls 1, 1.0 and True equal; JSON does not."""
    return json.dumps(value, sort_keys=True, default=str)

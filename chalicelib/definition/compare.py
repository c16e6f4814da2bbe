"""two task definitions -> the fields in which they differ; people are told names, not values.

Works on ECS' raw JSON, so a field that this SDK does not know is compared too. ECS may give
containers, environment and secrets back in another order, so these are compared by name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from chalicelib.definition.render import RESPONSE_ONLY
from chalicelib.explain.text import one_line
from chalicelib.model.registries import same_image
from chalicelib.model.task_definitions import TaskDefinition

# The key of each entry in the lists that ECS may reorder.
_NAMED_LISTS = {"containerDefinitions": "name", "environment": "name", "secrets": "name"}
_LEFT_OUT = RESPONSE_ONLY | {"tags"}  # every revision of ours has other tags
_PAIRS = {"environment", "secrets"}  # a name and its value: the name is all that may be told
_NOTHING: tuple[Any, ...] = (None, [], {})


class Difference(NamedTuple):
    """One field in which two task definitions differ, with its two values: beware of secrets.

    `keys` is the path without the names of list entries: `("containerDefinitions", "[]", "image")`.
    `name` is what people are told: `containerDefinitions[web].image`.
    """

    keys: tuple[str, ...]
    name: str
    before: Any
    after: Any


def changed_fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """The fields that differ, sorted: `cpu`, `containerDefinitions[web].environment[MODE]`.

    `+` before a name: only in `after`; `-`: only in `before`. What only answers have is left out
    (API reference, TaskDefinition). A field that is empty on one side and absent on the other does
    not differ.
    """
    return tuple(difference.name for difference in changes(before, after))


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    """The fields of `changed_fields`, in the same order, each with its values."""
    found = _changed(_registered(before), _registered(after), ("", (), ""))
    told = (difference._replace(name=one_line(difference.name)) for difference in found)
    return tuple(sorted(told, key=lambda each: (each.name.lstrip("+-"), each.name)))


def changed_besides_image(
    before: Mapping[str, Any], after: Mapping[str, Any], image: str
) -> tuple[str, ...]:
    """Return the changed fields, without the image of the containers that `after` runs `image` in.

    The names are those of `changed_fields`; no value is among them.
    """
    deployed = {
        f"containerDefinitions[{container.get('name')}].image"
        for container in after.get("containerDefinitions", ())
        if same_image(str(container.get("image", "")), image)
    }
    return tuple(field for field in changed_fields(before, after) if field not in deployed)


def _registered(body: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in _LEFT_OUT}


_Place = tuple[str, tuple[str, ...], str]  # a field's own key, its keys, its name


def _changed(before: Any, after: Any, place: _Place) -> list[Difference]:
    """What differs in the value of the field at `place`."""
    key, keys, name = place
    parts_before, parts_after = _parts(before, place), _parts(after, place)
    if parts_before is None or parts_after is None:
        same = _json(before) == _json(after)
        return [] if same else [Difference(keys, name, before, after)]
    changed = []
    for below in parts_before.keys() | parts_after.keys():
        was, now = parts_before.get(below), parts_after.get(below)
        _, deeper, path = below
        if was in _NOTHING or now in _NOTHING:
            changed += [Difference(deeper, f"-{path}", was, None)] * (was not in _NOTHING)
            changed += [Difference(deeper, f"+{path}", None, now)] * (now not in _NOTHING)
        elif key in _PAIRS:
            changed += [Difference(deeper, path, was, now)] * (_json(was) != _json(now))
        else:
            changed += _changed(was, now, below)
    return changed


def _parts(value: Any, place: _Place) -> dict[_Place, Any] | None:
    """What `value` is made of, by place; None when it is compared as a whole."""
    key, keys, path = place
    if isinstance(value, Mapping):
        return {
            (str(name), (*keys, str(name)), f"{path}.{name}" if path else str(name)): part
            for name, part in value.items()
        }
    if (name := _NAMED_LISTS.get(key)) and _all_named(value, value, name):
        parts = {("", (*keys, "[]"), f"{path}[{part[name]}]"): part for part in value}
        return parts if len(parts) == len(value) else None
    return None


def _json(value: Any) -> str:
    """Python calls 1, 1.0 and True equal; JSON does not."""
    return json.dumps(value, sort_keys=True, default=str)


def differences(planned: Mapping[str, Any], registered: TaskDefinition) -> tuple[str, ...]:
    """The fields in which what ECS registered is not what was planned, named like `a.b[name].c`.

    Only what was planned is compared, because ECS adds defaults of its own.
    """
    expected = {key: value for key, value in planned.items() if key != "tags"}
    return tuple(_unlike(expected, registered.body, ""))


def _unlike(planned: Any, found: Any, path: str) -> list[str]:
    if isinstance(planned, Mapping) and isinstance(found, Mapping):
        unlike: list[str] = []
        for key, value in planned.items():
            below = f"{path}.{key}" if path else str(key)
            if key not in found:
                unlike.append(below)
            elif (name := _NAMED_LISTS.get(key)) and _all_named(value, found[key], name):
                unlike += _unlike_by_name(value, found[key], name, below)
            else:
                unlike += _unlike(value, found[key], below)
        return unlike
    if isinstance(planned, list) and isinstance(found, list) and len(planned) == len(found):
        return [
            field
            for number, (expected, actual) in enumerate(zip(planned, found, strict=True))
            for field in _unlike(expected, actual, f"{path}[{number}]")
        ]
    return [] if _same(planned, found) else [path]


def _same(planned: Any, found: Any) -> bool:
    """Equal, and of one JSON type: Python calls 1, 1.0 and True equal."""
    return isinstance(planned, bool) == isinstance(found, bool) and bool(planned == found)


def _all_named(planned: Any, found: Any, name: str) -> bool:
    """Whether both are lists whose every entry has the key `name`, so that order need not count."""
    return all(
        isinstance(entries, list)
        and all(isinstance(entry, Mapping) and name in entry for entry in entries)
        for entries in (planned, found)
    )


def _unlike_by_name(
    planned: list[Mapping[str, Any]], found: list[Mapping[str, Any]], name: str, path: str
) -> list[str]:
    if sorted(str(entry[name]) for entry in planned) != sorted(str(entry[name]) for entry in found):
        return [path]
    by_name = sorted(planned, key=lambda entry: str(entry[name]))
    others = sorted(found, key=lambda entry: str(entry[name]))
    return [
        field
        for expected, actual in zip(by_name, others, strict=True)
        for field in _unlike(expected, actual, f"{path}[{expected[name]}]")
    ]

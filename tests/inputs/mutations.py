"""samples -> inputs like them: real events and payloads, changed in a few places.

A mutated sample has up to four changes, each at a place drawn at random. A change drops, adds,
doubles, nests or renames a key or an entry, or exchanges a value: for a hostile one, for one that
the same key has in another sample, another account or another result, or for nearly the same.
`changed_once` draws nothing: it lists every single change.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

Place = tuple[str | int, ...]

LONE_SURROGATE = "\ud800"
HOSTILE_TEXT = (
    "",
    " ",
    "\x00",
    "\n",
    "a\nERROR forged\r\n",
    "\x1b[31mred",
    "\u202egnp.exe",
    "\u2028",
    "\ufeff",
    LONE_SURROGATE,
    "x\udfffy",
    "\U0010ffff",
    "é́",
    "٣",
    "<!channel>",
    "<https://evil.example|here>",
    "`$(id)`",
    "'; --",
    "../../etc/passwd",
    "{env}",
    "%s%n",
    "null",
    "-1",
    "1e999",
    "A" * 257,
    "x" * 300_000,
    "💥" * 5_000,
)
HOSTILE_VALUES: tuple[Any, ...] = (
    *HOSTILE_TEXT,
    None,
    True,
    False,
    0,
    -1,
    2**63,
    10**400,
    1e308,
    float("nan"),
    float("inf"),
    [],
    [None],
    [[[[[[[[]]]]]]]],
    {},
    {"": ""},
    {"$ref": "#"},
    {LONE_SURROGATE: LONE_SURROGATE},
)
HOSTILE_TIMES: tuple[Any, ...] = (
    "2026-03-02T10:15:30",
    "2026-03-02 10:15:30Z",
    "2026-03-02",
    "2026-W10-1T10:15:30Z",
    "Mon, 02 Mar 2026 10:15:30 GMT",
    "2026-03-02T10:15:30.123456789Z",
    "2026-03-02T10:15:30+23:59",
    "2026-02-30T10:15:30Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-12:00",
    "9999-12-31T23:59:59Z",
    "1970-01-01T00:00:00Z",
    "1772446530",
    1772446530,
    1772446530123,
    -62135596800,
    253402300799,
    float("nan"),
)


def paths(value: Any, above: Place = ()) -> list[Place]:
    """Every place in a JSON value, the whole first."""
    found = [above]
    if isinstance(value, Mapping):
        for key, below in value.items():
            found += paths(below, (*above, key))
    elif isinstance(value, list):
        for number, below in enumerate(value):
            found += paths(below, (*above, number))
    return found


def at(value: Any, place: Place) -> Any:
    for step in place:
        value = value[step]
    return value


def put(value: Any, place: Place, new: Any) -> Any:
    """`value` with `new` in this place."""
    if not place:
        return new
    at(value, place[:-1])[place[-1]] = new
    return value


def changed_once(sample: Any, neighbours: Mapping[str, Sequence[Any]]) -> Iterator[Any]:
    """The sample with every single change: each place dropped, and each value exchanged."""
    for place in paths(sample):
        if place:
            without = copy.deepcopy(sample)
            del at(without, place[:-1])[place[-1]]
            yield without
        old = at(sample, place)
        beside = neighbours.get(str(place[-1]), ()) if place else ()
        off = (f"{old}\n", f" {old}", f"{old}x", old[:-1], old.upper()) if type(old) is str else ()
        for new in (*beside, *off, *HOSTILE_VALUES, [old], {"": old}):
            yield put(copy.deepcopy(sample), place, copy.deepcopy(new))


@st.composite
def mutated(
    draw: st.DrawFn, samples: Sequence[Any], neighbours: Mapping[str, Sequence[Any]]
) -> Any:
    """One of the samples after none to four changes."""
    value = copy.deepcopy(draw(st.sampled_from(samples)))
    for _ in range(draw(st.integers(0, 4))):
        value = _changed(draw, value, samples, neighbours)
    return value


def _changed(
    draw: st.DrawFn, value: Any, samples: Sequence[Any], neighbours: Mapping[str, Sequence[Any]]
) -> Any:
    place = draw(st.sampled_from(paths(value)))
    change = draw(st.sampled_from(_CHANGES))
    if change in {"drop", "double", "rename"} and not place:
        change = "hostile"
    if change == "drop":
        del at(value, place[:-1])[place[-1]]
        return value
    if change == "double":
        return _doubled(value, place)
    if change == "rename":
        new = draw(st.sampled_from(["", " ", "DETAIL", "__proto__", LONE_SURROGATE, "x" * 1_000]))
        inside = at(value, place[:-1])
        moved = inside.pop(place[-1])
        inside.append(moved) if isinstance(inside, list) else inside.__setitem__(new, moved)
        return value
    if change == "extra":
        if isinstance(inside := at(value, place), dict):
            new = copy.deepcopy(draw(st.sampled_from(HOSTILE_VALUES)))
            inside[draw(st.sampled_from(HOSTILE_TEXT))] = new
        return value
    if change == "swap":
        return put(value, place, _elsewhere(draw, value, place, samples))
    if change == "neighbour" and place and place[-1] in neighbours:
        return put(value, place, copy.deepcopy(draw(st.sampled_from(neighbours[str(place[-1])]))))
    return put(value, place, _other(draw, change, at(value, place)))


_CHANGES = ("drop", "double", "rename", "extra", "nest", *["hostile", "off", "swap"] * 2,
            *["neighbour"] * 6)  # fmt: skip


def _doubled(value: Any, place: Place) -> Any:
    inside, twin = at(value, place[:-1]), copy.deepcopy(at(value, place))
    if isinstance(inside, list):
        inside.append(twin)
        return value
    return put(value, place, [twin, copy.deepcopy(twin)])


def _elsewhere(draw: st.DrawFn, value: Any, place: Place, samples: Sequence[Any]) -> Any:
    """What another sample has under the same key."""
    same = [
        at(sample, path)
        for sample in samples
        for path in paths(sample)
        if path and place and path[-1] == place[-1]
    ]
    return copy.deepcopy(draw(st.sampled_from(same))) if same else at(value, place)


def _other(draw: st.DrawFn, change: str, old: Any) -> Any:
    """What stands in this place instead of `old`."""
    if change == "nest":
        return draw(st.sampled_from([[old], {"": old}, [[old], old]]))
    if change == "off" and isinstance(old, str):
        return _slightly_off(draw, old)
    if change == "off" and isinstance(old, int | float):
        return draw(
            st.sampled_from(
                [-old, old + 1, old + 0.5 if isinstance(old, float) else str(old), old * 1_000]
            )
        )
    return copy.deepcopy(draw(st.sampled_from(HOSTILE_VALUES)))


def _slightly_off(draw: st.DrawFn, old: str) -> str:
    odd = draw(st.sampled_from(HOSTILE_TEXT))
    middle = draw(st.integers(0, len(old)))
    return draw(
        st.sampled_from(
            [
                old + odd, odd + old, old[:middle] + odd + old[middle:], old[:middle], old[middle:],
                old.upper(), old.swapcase(), old * 2, old * 200, f" {old}", f"{old}\n",
            ]
        )
    )  # fmt: skip

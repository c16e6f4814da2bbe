r"""A regular expression -> whether it matches a whole tag, in bounded steps.

`re` tries one way after the other: `([a-z0-9]+-?)+` keeps it busy for 8 seconds over a tag of 27
characters, and for twice as long over 28. Here all ways are followed at once, so that the steps are
at most the pattern's length times the square of the tag's. A set of places in the tag is an integer
with a bit for each place. A part of the pattern is a function: the places where it begins -> the
places where it may end.

`re` still says which patterns are well formed, and what `[a-z]`, `\d`, `.`, `^` or `\b` matches.
What depends on the way that was taken, such as a back reference, is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, reduce
from operator import or_

__all__ = ["DEEPEST", "LONGEST", "checked", "matches"]
LONGEST = 500
# Groups inside each other: a match takes about ten calls of Python for each, and there are 1,000.
DEEPEST = 20
# A tag has at most 128 characters, and a place after each.
_PLACES = 129
_REPETITION = re.compile(r"(?:([*+?])|\{(?!\})(\d*)(,?)(\d*)\})([+?]?)")
_CHARACTER = re.compile(r"\\(?:[dDwWsSafnrtv]|x[0-9a-fA-F]{2}|[^0-9A-Za-z])|[^\\]", re.DOTALL)
_PLACE = re.compile(r"\\[AZbB]|[\^$]")
_GROUP = re.compile(r"\((?:\?(?:(:)|(=)|(!)|P<\w+>))?(?!\?)")
_COUNTS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}

# (the places where a part begins, the tag) -> the places where it may end
_Step = Callable[[int, str], int]


def matches(pattern: str, tag: str) -> bool:
    """Whether the pattern, which is a `checked` one, matches the whole tag."""
    return bool(_parsed(pattern)(1, tag) >> len(tag))


def checked(pattern: str) -> str:
    """The pattern itself.

    Raises:
        ValueError: it is not a regular expression, or not one that takes bounded steps.
    """
    if len(pattern) > LONGEST:
        raise ValueError(f"expected a regular expression of at most {LONGEST:,} characters")
    try:
        re.compile(pattern)
        _parsed(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return pattern


@lru_cache
def _parsed(pattern: str) -> _Step:
    return _Reader(pattern).alternatives()


class _Reader:
    """Reads a pattern that `re` has found well formed."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._depth = 0

    def alternatives(self) -> _Step:
        steps = [self._sequence()]
        while self._take("|"):
            steps.append(self._sequence())
        return _any_of(steps)

    def _sequence(self) -> _Step:
        steps: list[_Step] = []
        while self._next() not in {"", "|", ")"}:
            steps.append(self._repeated())
        return _all_of(steps)

    def _repeated(self) -> _Step:
        step = self._single()
        if not (found := self._read(_REPETITION)):
            return step
        sign, least, comma, most, suffix = found.groups()
        if suffix == "+":
            raise _refusal(found[0])
        return _repetition(step, *(_COUNTS[sign] if sign else _counts(least, comma, most)))

    def _single(self) -> _Step:
        if self._next() == "(":
            return self._group()
        if self._next() == "[":
            return _character(self._class())
        if found := self._read(_PLACE):
            return _place(found[0])
        if found := self._read(_CHARACTER):
            return _character(found[0])
        raise _refusal(self._pattern[self._at :][:2])

    def _group(self) -> _Step:
        if not (found := self._read(_GROUP)):
            raise _refusal(self._pattern[self._at :][:3])
        self._depth += 1
        if self._depth > DEEPEST:
            raise ValueError(f"expected groups at most {DEEPEST} deep inside each other")
        inside = self.alternatives()
        self._take(")")
        self._depth -= 1
        looks_ahead = found[2] or found[3]
        return _lookahead(inside, wanted=bool(found[2])) if looks_ahead else inside

    def _class(self) -> str:
        begin = self._at
        self._at += 2 if self._pattern.startswith("[^", begin) else 1
        first = True
        while first or self._next() != "]":
            self._at += 2 if self._next() == "\\" else 1
            first = False
        self._at += 1
        return self._pattern[begin : self._at]

    def _next(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _take(self, character: str) -> bool:
        taken = self._next() == character
        self._at += taken
        return taken

    def _read(self, token: re.Pattern[str]) -> re.Match[str] | None:
        found = token.match(self._pattern, self._at)
        self._at = found.end() if found else self._at
        return found


def _counts(least: str, comma: str, most: str) -> tuple[int, int | None]:
    """What `{2}`, `{2,}`, `{,3}` and `{2,3}` mean."""
    fewest = int(least or 0)
    if not comma:
        return fewest, fewest
    return fewest, int(most) if most else None


def _refusal(token: str) -> ValueError:
    return ValueError(
        f"`{token}` is not for tags: expected characters, classes, groups, `|`, repetitions, "
        r"`^`, `$`, `\b`, and lookaheads like `(?!latest$)`"
    )


def _any_of(steps: Sequence[_Step]) -> _Step:
    if len(steps) == 1:
        return steps[0]
    return lambda starts, tag: _together(step(starts, tag) for step in steps)


def _all_of(steps: Sequence[_Step]) -> _Step:
    return lambda starts, tag: reduce(lambda places, step: step(places, tag), steps, starts)


def _repetition(step: _Step, least: int, most: int | None) -> _Step:
    """Repeat while that leads anywhere: never more often than the tag has places.

    What one place leads to is remembered, or repetitions inside each other would multiply.
    """

    @lru_cache(maxsize=_PLACES)
    def ends_of(place: int, tag: str) -> int:
        for _ in range(least):
            before, place = place, step(place, tag)
            if place == before:
                break
        found, fresh, rounds = place, place, least
        while fresh and (most is None or rounds < most):
            fresh = step(fresh, tag) & ~found
            found |= fresh
            rounds += 1
        return found

    return lambda starts, tag: _together(ends_of(place, tag) for place in _each(starts))


def _lookahead(step: _Step, *, wanted: bool) -> _Step:
    return lambda starts, tag: _together(
        place for place in _each(starts) if bool(step(place, tag)) is wanted
    )


def _each(places: int) -> Iterator[int]:
    """The places of a set, each as the set of it alone."""
    while places:
        first = places & -places
        yield first
        places ^= first


def _together(sets: Iterable[int]) -> int:
    return reduce(or_, sets, 0)


def _character(token: str) -> _Step:
    return lambda starts, tag: (starts & _characters(token, tag)) << 1


def _place(token: str) -> _Step:
    return lambda starts, tag: starts & _places(token, tag)


@lru_cache(maxsize=1024)
def _characters(token: str, tag: str) -> int:
    """The places of the tag after which a character stands that the token matches."""
    fits = re.compile(token).fullmatch
    return sum(1 << place for place, character in enumerate(tag) if fits(character))


@lru_cache(maxsize=1024)
def _places(token: str, tag: str) -> int:
    r"""The places of the tag that `^`, `$` or `\b` matches."""
    holds = re.compile(token).match
    return sum(1 << place for place in range(len(tag) + 1) if holds(tag, place))

"""A pattern of `re`, a text -> how many characters a backtracking search takes.

`re` does not count, and a clock would depend on how busy the machine is. This searches as `re`
does, over what `re` itself has parsed, and counts.

It needs the parsed pattern, and Python has no public parser of patterns: `sre_parse` is deprecated
since 3.11 in favour of the private `re._parser`. A test compares what is found here with what `re`
finds, for every pattern of the product, so a Python that parses otherwise is noticed.
"""

from __future__ import annotations

import re
import re._constants as op  # type: ignore[import-not-found]  # private, so it has no stubs
import re._parser as parser  # type: ignore[import-not-found]  # as above
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

__all__ = ["Search", "TooMuch", "op"]
_MOST = 300_000
_FOLD, _LINES, _ALL = int(re.IGNORECASE), int(re.MULTILINE), int(re.DOTALL)
_CATEGORIES: dict[Any, Callable[[str], bool]] = {
    op.CATEGORY_DIGIT: str.isdecimal,
    op.CATEGORY_SPACE: str.isspace,
    op.CATEGORY_WORD: lambda character: character.isalnum() or character == "_",
    op.CATEGORY_NOT_SPACE: lambda character: not character.isspace(),
    op.CATEGORY_NOT_DIGIT: lambda character: not character.isdecimal(),
    op.CATEGORY_NOT_WORD: lambda character: not (character.isalnum() or character == "_"),
}


class TooMuch(Exception):
    """More than 300,000 characters were taken."""


class Search:
    """One pattern, searched for as `re.finditer` does."""

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self.tree = parser.parse(pattern, flags)
        self._flags = self.tree.state.flags
        self.taken = 0
        self._text = ""

    def spans(self, text: str) -> list[tuple[int, int]]:
        """The spans of all matches; `taken` are the characters that it took to find them.

        Raises:
            TooMuch: it takes too many.
        """
        self._text, self.taken = text, 0
        found, at = [], 0
        while at <= len(text):
            end = next(self._all(self.tree, at, self._flags), None)
            if end is not None:
                found.append((at, end))
            at = max(at + 1, end or 0)
        return found

    def _take(self, characters: int = 1) -> None:
        self.taken += characters
        if self.taken > _MOST:
            raise TooMuch

    def _all(self, nodes: Sequence[Any], at: int, flags: int, first: int = 0) -> Iterator[int]:
        """Where `nodes` from the `first` on may end, in the order in which `re` tries."""
        if first == len(nodes):
            yield at
            return
        for end in self._one(nodes[first], at, flags):
            yield from self._all(nodes, end, flags, first + 1)

    def _one(self, node: Any, at: int, flags: int) -> Iterator[int]:
        kind, value = node
        if kind in (op.LITERAL, op.NOT_LITERAL, op.IN, op.ANY):
            if at < len(self._text) and _fits(kind, value, self._text[at], flags):
                self._take()
                yield at + 1
        elif kind is op.AT:
            if self._holds(value, at, flags):
                yield at
        elif kind is op.BRANCH:
            yield from chain.from_iterable(self._all(each, at, flags) for each in value[1])
        elif kind is op.SUBPATTERN:
            yield from self._all(value[3], at, (flags | value[1]) & ~value[2])
        elif kind is op.ATOMIC_GROUP:
            yield from self._first(value, at, flags)
        elif kind in (op.ASSERT, op.ASSERT_NOT):
            direction, nodes = value
            begin = at if direction > 0 else at - nodes.getwidth()[0]
            holds = begin >= 0 and any(True for _ in self._first(nodes, begin, flags))
            if holds is (kind is op.ASSERT):
                yield at
        else:
            yield from self._repeated(kind, value, at, flags)

    def _first(self, nodes: Sequence[Any], at: int, flags: int) -> Iterator[int]:
        end = next(self._all(nodes, at, flags), None)
        if end is not None:
            yield end

    def _repeated(self, kind: Any, value: Any, at: int, flags: int) -> Iterator[int]:
        least, most, nodes = value
        if kind is op.MIN_REPEAT:
            yield from self._lazily(nodes, at, flags, least, most)
        elif kind is op.POSSESSIVE_REPEAT or nodes.getwidth() == (1, 1):
            ends = [at]
            while len(ends) <= most and (ended := list(self._first(nodes, ends[-1], flags))):
                if ended[0] == ends[-1]:
                    break
                ends += ended
            if len(ends) > least:
                kept = ends[-1:] if kind is op.POSSESSIVE_REPEAT else ends[least:]
                for end in reversed(kept):
                    self._take()
                    yield end
        else:
            yield from self._greedily(nodes, at, flags, least, most)

    def _greedily(
        self, nodes: Sequence[Any], at: int, flags: int, least: int, most: int
    ) -> Iterator[int]:
        if most > 0:
            for end in self._all(nodes, at, flags):
                if end > at:
                    yield from self._greedily(nodes, end, flags, max(0, least - 1), most - 1)
        if least == 0:
            yield at

    def _lazily(
        self, nodes: Sequence[Any], at: int, flags: int, least: int, most: int
    ) -> Iterator[int]:
        if least == 0:
            yield at
        if most > 0:
            for end in self._all(nodes, at, flags):
                yield from self._lazily(nodes, end, flags, max(0, least - 1), most - 1)

    def _holds(self, where: Any, at: int, flags: int) -> bool:
        text = self._text
        before, after = text[at - 1 : at] if at else "", text[at : at + 1]
        word = _CATEGORIES[op.CATEGORY_WORD]
        match where:
            case op.AT_BEGINNING:
                return at == 0 or bool(flags & _LINES and before == "\n")
            case op.AT_END:
                return text[at:] in ("", "\n") or bool(flags & _LINES and after == "\n")
            case op.AT_BOUNDARY:
                return bool(before and word(before)) is not bool(after and word(after))
        raise NotImplementedError(where)


def _fits(kind: Any, value: Any, character: str, flags: int) -> bool:
    if kind is op.ANY:
        return bool(flags & _ALL) or character != "\n"
    if kind is op.IN:
        negated = value[0][0] is op.NEGATE
        return any(_in(each, character, flags) for each in value[negated:]) is not negated
    return _in((op.LITERAL, value), character, flags) is (kind is op.LITERAL)


def _in(item: Any, character: str, flags: int) -> bool:
    kind, value = item
    if kind is op.CATEGORY:
        return _CATEGORIES[value](character)
    low, high = value if kind is op.RANGE else (value, value)
    cases = {character, character.lower(), character.upper()} if flags & _FOLD else {character}
    return any(low <= ord(each) <= high for each in cases if len(each) == 1)

"""No text from outside keeps a pattern busy: twice the text, twice the work.

A log line, a reason of ECS, a message of AWS come from outside. A text that a pattern reads for
minutes keeps a rollback from happening. So each pattern of the product is searched for in texts
that repeat the beginnings of what it matches, and the characters that the search takes are counted.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import chalicelib
from chalicelib.explain import causes, classify, secrets_table
from tests.inputs.backtracking import Search, TooMuch, op

SHORT, LONG = 60, 120
# A linear search takes twice as much for twice the text, a quadratic one four times.
GROWS = 2.7
PROJECT = Path(chalicelib.__file__).parent
# What repeats in a text that makes some search go back; what ends it; what it begins with.
PUMPS = [
    "_word",
    "token_",
    "token_url_",
    "key-",
    "eyJ-",
    "a",
    "a.",
    "token=;x ",
    "&a",
    "1/",
    "(",
    " ",
]
SPOILERS = ["\x00", "!=", "x"]
HEADS = ["", "token"]


def _of_modules() -> Iterator[tuple[str, int]]:
    for found in pkgutil.walk_packages(chalicelib.__path__, "chalicelib."):
        for value in vars(importlib.import_module(found.name)).values():
            patterns = value if isinstance(value, tuple) else (value,)
            for entry in patterns:
                pattern = entry[0] if isinstance(entry, tuple) and entry else entry
                if isinstance(pattern, re.Pattern):
                    yield pattern.pattern, pattern.flags & ~re.UNICODE


def _written_in_calls() -> Iterator[tuple[str, int]]:
    """Those that functions give to `re` where they use them."""
    for path in PROJECT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name("re")), args=[ast.Constant(str(text)), *_]
                ):
                    yield text, 0


def _of_the_table() -> Iterator[tuple[str, int]]:
    for row in causes.table():
        for pattern in (row.stop_code, row.text, row.then, row.code):
            if pattern:
                yield pattern, int(classify.FLAGS)


def _all() -> list[tuple[str, int]]:
    masks = [(pattern, int(re.IGNORECASE)) for pattern in secrets_table.PATTERNS]
    return sorted({*masks, *_of_modules(), *_written_in_calls(), *_of_the_table()})


def _repeats(nodes: Any) -> bool:
    return any(
        (kind in _ENDLESS and value[1] is op.MAXREPEAT)
        or any(_repeats(each) for each in _inside(kind, value))
        for kind, value in nodes
    )


_ENDLESS = (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)


def _inside(kind: Any, value: Any) -> Sequence[Any]:
    """The patterns of which one node is made."""
    if kind is op.BRANCH:
        return list(value[1])
    if kind in (op.SUBPATTERN, *_ENDLESS):
        return [value[-1]]
    if kind in (op.ASSERT, op.ASSERT_NOT):
        return [value[1]]
    return [value] if kind is op.ATOMIC_GROUP else []


def _beginnings(nodes: Any) -> Iterator[str]:
    """Texts that match more and more of a pattern, the last one all of it."""
    done = ""
    for kind, value in nodes:
        part = ""
        if kind is op.LITERAL:
            part = chr(value)
        elif kind is op.IN:
            part = _one_of(value)
        elif kind is op.ANY:
            part = "a"
        elif kind is op.BRANCH:
            for branch in value[1][1:]:
                yield done + list(_beginnings(branch))[-1]
            part = list(_beginnings(value[1][0]))[-1]
        elif kind in (op.SUBPATTERN, *_ENDLESS, op.ATOMIC_GROUP):
            inner = value if kind is op.ATOMIC_GROUP else value[-1]
            for part in _beginnings(inner):
                yield done + part
            part *= max(1, value[0]) if kind in _ENDLESS else 1
        done += part
        yield done
    yield done


def _one_of(items: Any) -> str:
    plain = [(kind, value) for kind, value in items if kind is not op.NEGATE]
    if len(plain) < len(items):
        return "a"
    kind, value = plain[0]
    if kind is op.CATEGORY:
        return {op.CATEGORY_SPACE: " ", op.CATEGORY_DIGIT: "1"}.get(value, "a")
    return chr(value[0] if kind is op.RANGE else value)


def _texts(pattern: Search, size: int) -> Iterator[str]:
    own = dict.fromkeys(each for each in _beginnings(pattern.tree) if 0 < len(each) <= SHORT // 4)
    for pump in [*own, *PUMPS]:
        for head in HEADS[:1] if pump in own else HEADS:
            for spoiler in SPOILERS[:1] if pump in own else SPOILERS:
                yield head + pump * (size // len(pump)) + spoiler


def slow_text(pattern: str, flags: int = 0) -> str:
    """A text that takes more than twice the work of half of it; empty when there is none."""
    search = Search(pattern, flags)
    for short, long in zip(_texts(search, SHORT), _texts(search, LONG), strict=True):
        try:
            search.spans(short)
            least = search.taken
            search.spans(long)
        except TooMuch:
            return long
        if search.taken > GROWS * least + LONG:
            return long
    return ""


def _names(patterns: Sequence[tuple[str, int]]) -> list[str]:
    return [pattern[:40] for pattern, _ in patterns]


ALL = _all()
ENDLESS = [each for each in ALL if _repeats(Search(*each).tree)]


@pytest.mark.parametrize(
    ("pattern", "flags"), ENDLESS, ids=[pattern[:40] for pattern, _ in ENDLESS]
)
def test_twice_the_text_takes_a_pattern_twice_the_work(pattern: str, flags: int) -> None:
    assert slow_text(pattern, flags) == ""


@pytest.mark.parametrize("pattern", [r"(?:a+)+b", r"token(?:_\w+)*=", r"x.*y", r"\w*\d!", r"\s+$"])
def test_a_pattern_that_takes_more_is_found(pattern: str) -> None:
    assert slow_text(pattern)


@pytest.mark.parametrize(("pattern", "flags"), ALL, ids=_names(ALL))
def test_what_is_counted_is_the_search_that_re_makes(pattern: str, flags: int) -> None:
    text = 'token_id="a b" key 0123456789abcdef01234 x://a:b@c secret_url=x --password y cookie: z'
    spans = [match.span() for match in re.finditer(pattern, text, flags)]
    counted = Search(pattern, flags).spans(text)
    assert _not_empty(counted) == _not_empty(spans)


def _not_empty(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    return [(begin, end) for begin, end in spans if begin < end]


# A linear search of so many characters takes hundredths of a second, a quadratic one minutes.
_LARGE, _CPU_SECONDS = 65_536, 3.0
_HOSTILE = [
    "a",
    "a.",
    "token_",
    "password ",
    "-a ",
    "://a:",
    "eyJ-",
    "x=",
    " ",
    "A1+/",
    '"\\',
    "%22",
]


@pytest.mark.parametrize("pattern", secrets_table.PATTERNS, ids=lambda pattern: pattern[:40])
def test_a_mask_reads_64_kb_of_hostile_text_soon(pattern: str) -> None:
    compiled = re.compile(pattern, re.IGNORECASE)
    beginnings = _beginnings(Search(pattern, re.IGNORECASE).tree)
    own = sorted({each for each in beginnings if each}, key=len)[-6:]
    for pump in [*own, *_HOSTILE]:
        begin = time.process_time()
        compiled.sub("", pump * (_LARGE // len(pump)) + "\x00")
        assert time.process_time() - begin < _CPU_SECONDS, pump

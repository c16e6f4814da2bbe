"""log line -> log line without what looks like a secret.

It works by patterns only, so it cannot be complete. It knows the shapes that secrets commonly have
in logs (AWS access keys, tokens with a known prefix, JSON Web Tokens, private keys) and the places
where they stand (after a word like `password`, in an Authorization header, in a URL). Digests, ids,
times and ARNs stay readable, because a reader needs them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from chalicelib.explain.secrets_table import PATTERNS, WORD
from chalicelib.explain.text import one_line

_READ = 4_000  # characters of a line that are looked at; the rest is left out
_FLAGS = re.IGNORECASE
# ECMA-48: what colours a terminal's text or names its window. JSON writes the first sign as \u001b.
_TERMINAL = re.compile(
    r"(?:\x1b\[|\x9b)[0-9;:?]*+[ -/]*+[@-~]?|\x1b\][^\x07\x1b]*+(?:\x07|\x1b\\)?"
)
_WRITTEN_TERMINAL = re.compile(r"\\(?:u001b|x1b|033|e)\[[0-9;]*+[a-z]?", _FLAGS)
# A private key over several lines, RFC 7468: where it begins and ends, what its lines end with.
_BEGINS = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY")
_ENDS = re.compile(r"-----END [A-Z0-9 ]*PRIVATE KEY")
_BODY = re.compile(r"(?:^|(?<=[\s|\"'>:]))([A-Za-z0-9+/=]{2,}+)[\"',\\\s]*+$")
# A name at a line's end, and how its value begins the next line.
_NAME_THEN_VALUE = (
    (
        re.compile(r"(?<![\w-])([\w-]++)[\"']?\s*+:\s*+[|>][+-]?\s*+$"),
        re.compile(r"^\s*+(\S.*)$"),
    ),
    (
        re.compile(r"(?<![\w-])([\w-]++)[\"']?,?\s*+$"),
        re.compile(r"^\s*+[\"']?value[\"']?\s*+[:=]\s*+[\"']?(?!arn:)([^\"'\s]++)", _FLAGS),
    ),
)


def masked(line: str) -> str:
    """`line` with `***` for what looks like a secret; at most 4,000 characters of it.

    Without characters that nobody sees, as a secret's name could be cut by them. Never longer than
    the line; masking again changes nothing.
    """
    line = _seen(line[:_READ])
    for pattern in _compiled():
        line = pattern.sub(_hidden, line)
    return line


def safe_line(text: str) -> str:
    """What `text` from outside says, on one line and masked; at most 4,000 characters of it."""
    return masked(one_line(_seen(text[:_READ])))


def safe_lines(lines: Sequence[str]) -> list[str]:
    """The lines of one log, oldest first, as `safe_line` gives each.

    What only the lines around it show to be a secret is hidden too: a private key's body, a value
    on the line after its name.
    """
    lines = [_seen(line[:_READ]) for line in lines]
    keys = {*_body(lines, _BEGINS, _ENDS), *_body(lines[::-1], _ENDS, _BEGINS, last=len(lines) - 1)}
    for index, line in enumerate(lines):
        if index in keys:
            lines[index] = _BODY.sub(_hidden, line)
        for ending, value in _NAME_THEN_VALUE:
            name = ending.search(lines[index - 1]) if index else None
            if name and _word().search(name[1]):
                lines[index] = value.sub(_hidden, lines[index])
    return [safe_line(line) for line in lines]


def _body(
    lines: Iterable[str], begins: re.Pattern[str], ends: re.Pattern[str], last: int | None = None
) -> Iterator[int]:
    """Which lines are the body of a private key; counted from `last` down if that is given."""
    inside = False
    for index, line in enumerate(lines):
        if begins.search(line):
            inside = not ends.search(line)
        elif inside and ": " not in line and line.strip():
            found = _BODY.search(line)
            inside = found is not None and (len(found[1]) >= 16 or not found[1].isalpha())  # noqa: PLR2004 - no word is so long
            if inside:
                yield index if last is None else last - index


def _seen(text: str) -> str:
    """`text` without sequences for a terminal and without characters that nobody sees."""
    if not text.isprintable():
        text = "".join(each for each in _TERMINAL.sub("", _visible(text)) if each not in "\x1b\x9b")
    return _WRITTEN_TERMINAL.sub(" ", text)


def _visible(text: str) -> str:
    """`text` without format characters (Unicode's category Cf) and NUL."""
    return "".join(each for each in text if each != "\0" and unicodedata.category(each) != "Cf")


@cache
def _compiled() -> tuple[re.Pattern[str], ...]:
    """Compiled at the first use: it takes as long as a fifth of a cold start."""
    return tuple(re.compile(pattern, _FLAGS) for pattern in PATTERNS)


@cache
def _word() -> re.Pattern[str]:
    return re.compile(WORD, _FLAGS)


def _hidden(match: re.Match[str]) -> str:
    if match.lastindex is None:
        return match.group()
    begin, end = match.span(match.lastindex)
    begin, end = begin - match.start(), end - match.start()
    whole = match.group()
    return f"{whole[:begin]}{'***'[: end - begin]}{whole[end:]}"

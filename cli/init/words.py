"""Which words of a name may be an environment's, and the name with `{env}` in their place."""

from __future__ import annotations

import re
from collections.abc import Iterator

# The words that mean an environment wherever they stand.
_SURE = (
    "dev", "develop", "development", "devel",
    "staging", "stg", "qa", "uat", "preprod", "nonprod",
    "prod", "production", "prd",
)  # fmt: skip
# These mean one, too, but `test-runner`, `live-chat` and `stage-manager` are names of services.
_UNSURE = (
    "stage", "test", "testing", "tst", "int", "integration", "sandbox", "sbx", "demo", "preview",
    "pre", "live", "perf", "load", "local", "lab", "acc", "acceptance",
)  # fmt: skip
# What stands beside such a word and belongs to it: `eu-prod`, `prod-2`, `eu-west-1-prod`.
_BESIDE = (
    r"eu|us|uk|de|ap|sa|ca|me|af|na|il|mx|emea|apac|latam|global|"
    r"(?:north|south|east|west|central|northeast|northwest|southeast|southwest)|blue|green|[a-c]|\d{1,2}"
)
_NOT = "non|no|pre|post"  # `non-prod` is not `prod`
# The order in which people say them; the last one is for all other words.
_ORDER = (
    ("local", "lab", "sandbox", "sbx", "dev", "develop", "development", "devel"),
    ("int", "integration", "test", "testing", "tst", "qa", "nonprod", "perf", "load"),
    ("demo", "preview", "uat", "acc", "acceptance", "stage", "staging", "stg", "pre", "preprod"),
    ("prod", "production", "prd", "live"),
)
# As a STAGE is written (cli/package/names.py): it becomes a part of every name.
_STAGE = re.compile(r"[a-z][a-z0-9-]{0,26}")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_TOKEN = re.compile(r"[A-Za-z0-9]+")


def _standing_alone(words: str) -> str:
    return rf"(?<![a-z0-9])(?:{words})(?![a-z0-9])"


def _runs(words: tuple[str, ...], *, qualified: bool) -> re.Pattern[str]:
    before = f"{_NOT}|{_BESIDE}" if qualified else _NOT
    after = rf"(?:-(?:{_BESIDE}))*" if qualified else ""
    longest = "|".join(sorted(words, key=len, reverse=True))
    return re.compile(_standing_alone(rf"(?:(?:{before})-)*(?:{longest})\d{{0,2}}{after}"))


_KNOWN = {
    (sure, qualified): _runs(words, qualified=qualified)
    for sure, words in ((True, _SURE), (False, _UNSURE))
    for qualified in (True, False)
}


def is_stage(name: str) -> bool:
    """Whether an environment may have this name."""
    return _STAGE.fullmatch(name) is not None


def sure_word(name: str, *, qualified: bool) -> str | None:
    """Return the environment that a name tells by a word that means nothing else.

    With `qualified`, the words beside it that say where or which one belong to it: `eu-prod`.
    """
    return _last(_KNOWN[True, qualified], name)


def known_word(name: str, *, qualified: bool) -> str | None:
    """Return the environment that a name may tell; a sure word wins."""
    return sure_word(name, qualified=qualified) or _last(_KNOWN[False, qualified], name)


def _last(pattern: re.Pattern[str], name: str) -> str | None:
    *_, found = [None, *pattern.findall(_CAMEL.sub("-", name).lower())]
    return found if found is None or _STAGE.fullmatch(found) else None


def said_word(name: str, said: tuple[str, ...]) -> str | None:
    """Return the longest of the environments that a person named which stands in the name."""
    there = [word for word in said if generalised(name, word) != name]
    return max(there, key=len, default=None)


def any_words(name: str) -> Iterator[str]:
    """Return each single word of a name that can be the name of an environment."""
    yield from (word for word in _TOKEN.findall(name) if _STAGE.fullmatch(word))


def generalised(name: str, environment: str | None) -> str:
    """Return the name with `{env}` wherever the environment's word stands alone.

    With the environment's name in its place, it is the same name again.
    """
    if not environment:
        return name
    alone = rf"(?<![A-Za-z0-9]){re.escape(environment)}(?![A-Za-z0-9])"
    return re.sub(alone, "{env}", name)


def in_order(environment: str) -> tuple[int, str]:
    """Return by what environments are sorted: dev before staging before prod, then the others."""
    word = known_word(environment, qualified=False) or ""
    word = word.rstrip("0123456789").rsplit("-", 1)[-1]
    places = [number for number, words in enumerate(_ORDER) if word in words]
    return (places[0] if places else len(_ORDER)), environment

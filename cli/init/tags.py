r"""The tags that are in a repository -> the key `tags`, where the default would do harm.

By default every tag but `latest` deploys. That is right where all tags are commits or versions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from chalicelib.model.base import Frozen
from cli.init.words import generalised

# What tags that are made once and never move look like.
_CLASSES = (
    "[0-9a-f]{7,40}",
    "sha-[0-9a-f]{7,40}",
    r"v?\d+\.\d+\.\d+",
    r"v?\d+\.\d+\.\d+-[0-9A-Za-z.-]+",
)
_BEFORE, _AFTER = "{env}-", "-{env}"
_SIGNATURE = re.compile(r"sha256-[0-9a-f]{64}.*")
_SHOWN = 3


class TagRule(Frozen):
    """The key `tags` of a target, or None for the default; and a remark, or nothing."""

    pattern: str | None = None
    remark: str = ""


def tag_rule(
    tags: Mapping[str, Iterable[str]], running: Mapping[str, str], *, one_repository: bool
) -> TagRule:
    """Return the rule for a target, from the tags and the running tag of each environment.

    With `one_repository`, the environments follow the same one. Then only tags that name their
    environment keep them apart.
    """
    deployed = {shape_of(tag, each) for each, tag in running.items() if tag not in {"", "latest"}}
    if one_repository:
        return _of_own_environment(deployed) or TagRule()
    pairs = {(tag, each) for each, found in tags.items() for tag in found if _may_deploy(tag)}
    there = {tag: shape_of(tag, each) for tag, each in sorted(pairs)}
    others = [tag for tag, shape in there.items() if shape is None]
    if not there:
        return _only_latest(tags)
    if not others:
        return TagRule()
    if None in deployed or 2 * len(others) > len(there):
        return TagRule(remark=f"Every tag but latest deploys, also {_shown(others)}.")
    shapes = {shape for shape in there.values() if shape}
    return TagRule(
        pattern=_any_of(shapes),
        remark=f"Only tags like commits and versions deploy. Others are there: {_shown(others)}.",
    )


def shape_of(tag: str, environment: str) -> str | None:
    """Return the pattern of a tag that is a commit or a version, with or without `{env}`."""
    general = generalised(tag, environment)
    before = _BEFORE if general.startswith(_BEFORE) else ""
    after = _AFTER if general.endswith(_AFTER) else ""
    bare = general.removeprefix(before).removesuffix(after)
    found = (each for each in _CLASSES if re.fullmatch(each, bare))
    return next((f"{before}{each}{after}" for each in found), None)


def _of_own_environment(deployed: set[str | None]) -> TagRule | None:
    """The rule for one repository, where each environment runs a tag that names it."""
    shapes = {shape for shape in deployed if shape and "{env}" in shape}
    if not shapes or shapes != deployed:
        return None
    return TagRule(pattern=_any_of(shapes), remark="Each environment takes the tags of its name.")


def _only_latest(tags: Mapping[str, Iterable[str]]) -> TagRule:
    if not any("latest" in found for found in tags.values()):
        return TagRule()
    return TagRule(
        remark="Only the tag latest is there, and latest never deploys. "
        "Push each image with its commit as tag, too."
    )


def _may_deploy(tag: str) -> bool:
    return tag != "latest" and not _SIGNATURE.fullmatch(tag)


def _any_of(shapes: Iterable[str]) -> str:
    found = sorted(shapes, key=lambda shape: (shape.count("."), shape))
    return f"^{found[0]}$" if len(found) == 1 else f"^({'|'.join(found)})$"


def _shown(tags: Sequence[str]) -> str:
    more = f" and {len(tags) - _SHOWN} more" if len(tags) > _SHOWN else ""
    return f"{', '.join(tags[:_SHOWN])}{more}"

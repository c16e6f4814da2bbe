"""`slipway init`: read the account, decide, and write a targets.toml, in this order."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

from boto3.session import Session

from chalicelib.errors import Refused
from chalicelib.model.base import Frozen
from cli.init.facts import AccountFacts
from cli.init.group import Proposal, proposed
from cli.init.read import read
from cli.init.words import is_stage
from cli.init.write import written
from cli.package.apart import every_environment
from cli.terminal import progress

_STDOUT = "-"
# The CRC-32 of the example that this repository ships as chalicelib/targets.toml: nobody's work. A
# test fails when the example changes.
_EXAMPLE = 79_403_229
_SHOWN = 5


class Options(Frozen):
    """What a person asked for. `out` is a path, `-` for stdout, or None for the usual place."""

    out: str | None = None
    force: bool = False
    clusters: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()


class Initialised(Frozen):
    """What came of it. `out` is where the file is; None on stdout."""

    out: str | None
    clusters: int
    services: int
    targets: int
    environments: tuple[str, ...]
    left_out: tuple[str, ...]
    unread: tuple[str, ...]


def init(session: Session, options: Options) -> Initialised:
    """Write the targets file of the account, and return what is in it.

    Raises:
        Refused: there is a file that nobody said to overwrite, or nothing to write into it.
    """
    _only_stages(options.environments)
    path = _place(options)
    with progress("Reading the account") as tell:
        facts = read(session, options.clusters, tell)
    proposal = proposed(facts, options.environments)
    if not proposal.tables:
        raise Refused(_nothing(facts, proposal))
    text = _checked(written(proposal, facts), proposal)
    if path is None:
        sys.stdout.write(text)
    else:
        _write(path, text)
    return Initialised(
        out=str(path) if path else None,
        clusters=len(facts.clusters),
        services=len(facts.services),
        targets=len(proposal.tables),
        environments=proposal.environments,
        left_out=tuple(f"{each.service}: {each.why}" for each in proposal.left_out),
        unread=facts.unread,
    )


def summary(made: Initialised) -> Iterator[str]:
    """What was read, written and left out, in short, and the next step."""
    yield f"Read {_count(made.services, 'service')} of {_count(made.clusters, 'cluster')}."
    kept = made.services - len(made.left_out)
    yield (
        f"Wrote {made.out or 'to stdout'}: {_count(made.targets, 'target')} for "
        f"{_count(kept, 'service')}, in {', '.join(made.environments)}."
    )
    if made.left_out:
        yield f"Left out {_count(len(made.left_out), 'service')}; the file says what to do:"
        yield from (f"  {each}" for each in made.left_out[:_SHOWN])
    if len(made.left_out) > _SHOWN:
        yield f"  and {len(made.left_out) - _SHOWN} more"
    yield from made.unread
    yield f"Next: read the comments in the file, then make package STAGE={made.environments[0]}"


def _only_stages(environments: tuple[str, ...]) -> None:
    if wrong := [name for name in environments if not is_stage(name)]:
        raise Refused(
            f"--env {wrong[0]}: expected an environment's name (lower-case letters, digits and "
            "hyphens, at most 27, a letter first). Next: --env dev --env prod"
        )


def _place(options: Options) -> Path | None:
    """Where the file goes; None is stdout.

    Raises:
        Refused: there is a file which is not the example, and nobody said `--force`.
    """
    if options.out == _STDOUT:
        return None
    checkout = Path("chalicelib")
    path = Path(options.out or (checkout if checkout.is_dir() else Path()) / "targets.toml")
    if not path.parent.is_dir():
        raise Refused(f"{path.parent} is no folder. Next: mkdir -p {path.parent}")
    if path.exists() and not options.force and not is_example(path):
        raise Refused(
            f"{path} is there already, and it is not the example. Next: --force overwrites it, "
            "--out other.toml writes beside it, --out - shows it"
        )
    return path


def is_example(path: Path) -> bool:
    """Whether the file is the example as it is shipped."""
    return zlib.crc32(path.read_bytes().replace(b"\r\n", b"\n")) == _EXAMPLE


def _checked(text: str, proposal: Proposal) -> str:
    """The text, if it passes what packaging checks of a targets file.

    Raises:
        Refused: it does not, which is a fault of `init`; nothing was written.
    """
    try:
        every_environment(text, proposal.environments[0])
    except Refused as refused:
        raise Refused(
            f"what init would have written is wrong, so nothing was written: {refused} "
            "Next: leave out what it names, with --cluster, and report it as a fault of init"
        ) from refused
    return text


def _write(path: Path, text: str) -> None:
    """Whole or not at all: the file before it stays until the new one is complete."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text, "utf-8")
    beside.replace(path)


def _nothing(facts: AccountFacts, proposal: Proposal) -> str:
    where = f"{facts.place.account} in {facts.place.region}"
    if not facts.services:
        why = f" {facts.unread[0]}" if facts.unread else " Next: --region, or --profile"
        return f"no ECS service was found in the account {where}.{why}"
    first = proposal.left_out[0]
    return (
        f"none of the {_count(len(facts.services), 'service')} in the account {where} can be a "
        f"target, so nothing was written. {first.service}: {first.why}. Next: {first.instead}"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"

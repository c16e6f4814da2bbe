"""`make package`: package one environment, and say in a line what was made.

Packages need no AWS account. `--verbose` tells all that was checked, and why a policy covers `*`.
"""

from __future__ import annotations

import argparse
import json
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from chalicelib.errors import Refused
from chalicelib.model.freezes import described, frozen, in_local_words, next_freeze
from chalicelib.model.tag_patterns import matches
from chalicelib.model.targets import Targets
from cli.package import lint, policies
from cli.package.build import Package, package
from cli.package.dependencies import ARCHITECTURES
from cli.project import PROJECT, meant
from cli.terminal import Interrupted, ends_in_a_sentence, progress


@ends_in_a_sentence
def main(arguments: list[str]) -> int:
    """0 when packaged; 1 with a sentence on stderr when refused."""
    chosen = _parser().parse_args(arguments)
    out = chosen.out or chosen.project / "out"
    cache = chosen.cache or out / ".cache"
    try:
        with progress(f"Packaging {chosen.stage}") as tell:
            made = package(chosen.project, chosen.stage, out, chosen.arch, cache, tell=tell)
    except KeyboardInterrupt:
        raise Interrupted(f"Interrupted: the package of {chosen.stage} was not written.") from None
    except Refused as refused:
        raise Refused(f"{refused}{meant(chosen.stage, chosen.project)}") from refused
    print("\n".join((details if chosen.verbose else summary)(made, datetime.now(UTC))))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m cli.package", description=__doc__)
    parser.add_argument("stage", help="the environment: one of targets.toml's [environment.*]")
    parser.add_argument("--arch", choices=ARCHITECTURES, default="x86_64", help="of the functions")
    parser.add_argument("-v", "--verbose", action="store_true", help="make package V=1")
    parser.add_argument("--project", type=Path, default=PROJECT, help="where app.py is")
    parser.add_argument("--out", type=Path, help="default: PROJECT/out")
    parser.add_argument("--cache", type=Path, help="default: OUT/.cache")
    return parser


def summary(made: Package, now: datetime) -> Iterator[str]:
    """What was packaged, in a line, and what somebody should know before it is deployed."""
    template = json.loads(made.template.read_text("utf-8"))
    yield (
        f"Packaged {_counted(made)}, {_kinds(template)} in {_shown(made.archive.parent)} "
        f"({made.archive.stat().st_size / 1e6:.1f} MB)"
    )
    yield from _widened(made)
    yield from kept_tidy(made.targets)
    yield from _missing_roles(made)
    yield from moving_tags(made.targets)
    yield from freezes(made.targets, now)


def details(made: Package, now: datetime) -> Iterator[str]:
    """Targets, sizes, policies, what they grant widely and why, and what was checked."""
    template = json.loads(made.template.read_text("utf-8"))
    yield f"{_counted(made)}, {made.architecture}"
    runtime = f"python{sys.version_info.major}.{sys.version_info.minor}"
    yield f"  {_shown(made.archive)}  {_sizes(made.archive)}; dependencies {_origin(made)}"
    # Chalice makes the Python that packages the functions' runtime, so the two always agree.
    yield f"  compiled for {runtime}, the functions' runtime"
    yield f"  {_shown(made.template)}  {_kilobytes(made.template)}, {_kinds(template)}"
    sizes = {name: policies.size(policy) for name, policy in made.policies.documents.items()}
    yield f"  policies, characters of {policies.LIMIT:,}: " + ", ".join(
        f"{name} {length:,}" for name, length in sizes.items()
    )
    yield from _widened(made)
    for sid, roles in sorted(lint.wildcards(template).items()):
        yield f"  `*` in {sid} ({roles} role{'s' * (roles != 1)}): {policies.REASONS[sid]}"
    yield from kept_tidy(made.targets)
    yield from _missing_roles(made)
    yield from moving_tags(made.targets)
    yield from freezes(made.targets, now)
    given = " ".join(f"{name}='{text}'" for name, text in made.boundary.items())
    yield f"  parameters of bootstrap/slipway.yaml, for its boundary: {given}"
    yield f"  linted: {', '.join(lint.CHECKS)}; no findings"


def _counted(made: Package) -> str:
    count = len(made.targets.all)
    return f"{made.targets.stage}: {count} target{'s' * (count != 1)}"


def _widened(made: Package) -> Iterator[str]:
    """A line for each step by which names were widened, with the functions that needed it."""
    widened = made.policies.widened
    for step in sorted(set(widened.values())):
        functions = [function for function, needed in widened.items() if needed == step]
        reach = "; ".join(words for each, words in policies.WORDS.items() if each <= step)
        yield (
            f"  {', '.join(functions)}: each policy would be too long with every name, "
            f"so it covers {reach}"
        )


def _missing_roles(made: Package) -> Iterator[str]:
    deployed = [target for target in made.targets.all if target.mode == "deploy"]
    if missing := [target.name for target in deployed if not target.pass_roles]:
        others = f" and {len(missing) - 1} more" if missing[1:] else ""
        yield (
            f"  without `pass_roles`: {missing[0]}{others}; deploying is denied when the task "
            "definition has a task or execution role"
        )


def kept_tidy(targets: Targets) -> Iterator[str]:
    """A line where old revisions are deregistered: that right is not bound to the stage."""
    families = dict.fromkeys(target.family for target in targets.all if target.tidies)
    if families:
        first, *more = families
        others = f" and {len(more)} more" if more else ""
        yield (
            f"  `keep_revisions`: {first}{others}; so this stage has the function `tidy`, whose "
            "role may deregister revisions of any family: IAM knows only `*` for this"
        )


def moving_tags(targets: Targets) -> Iterator[str]:
    """A line where pushes of `latest` deploy: that tag says of no image which one it is."""
    moving = [each for each in targets.all if each.tags and matches(each.tags, "latest")]
    if moving:
        others = f" and {len(moving) - 1} more" if moving[1:] else ""
        yield (
            f"  `tags` admits `latest`: {moving[0].name}{others}; no record then says which build "
            f"ran. Next: put `(?!latest$)` in front of the pattern"
        )


def freezes(targets: Targets, now: datetime) -> Iterator[str]:
    """A line for each freeze: of which targets, if not of all, when it is, and when the next is."""
    for freeze in dict.fromkeys(each for target in targets.all for each in target.freeze):
        having = [target.name for target in targets.all if freeze in target.freeze]
        others = f" and {len(having) - 1} more" if having[1:] else ""
        who = f"{having[0]}{others}: " if len(having) < len(targets.all) else ""
        if held := frozen((freeze,), now):
            when = f"this holds now, until {in_local_words(held.until, freeze.zone)}"
        elif coming := next_freeze((freeze,), now):
            when = f"the next begins {in_local_words(coming[0], freeze.zone)}"
        else:
            when = "this is over"
        yield f"  {who}frozen {described(freeze)}; {when}"


def _sizes(archive: Path) -> str:
    with zipfile.ZipFile(archive) as zipped:
        unpacked = sum(entry.file_size for entry in zipped.infolist())
    return f"{archive.stat().st_size / 1e6:.1f} MB ({unpacked / 1e6:.0f} MB unpacked)"


def _kilobytes(path: Path) -> str:
    return f"{path.stat().st_size / 1e3:.0f} KB"


def _origin(made: Package) -> str:
    return "from the cache" if made.cached else "fetched"


def _kinds(template: dict[str, dict[str, dict[str, str]]]) -> str:
    resources = template["Resources"].values()
    functions = sum(each["Type"] == "AWS::Serverless::Function" for each in resources)
    return f"{functions} functions among {len(resources)} resources"


def _shown(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path

"""Whether the environments of one targets file are apart: none may reach what another one has.

Environments in different AWS accounts are apart already. In one account, only names keep them
apart, because the policies are generated from the names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

from chalicelib.errors import Refused
from chalicelib.model.targets import Target, Targets, environments, load_targets
from cli.package.globs import meet
from cli.package.names import checked_stage
from cli.package.statements.scope import clusters_of

_Names = Callable[[Target], tuple[str, ...]]

# What must differ between environments, by the target's key.
NAMES: dict[str, _Names] = {
    "service": lambda target: (target.name,),
    "family": lambda target: (target.family,) if target.family else (),
    "cluster": clusters_of,
    "repository": lambda target: (target.repository,),
    "pass_roles": lambda target: target.pass_roles,
    "log_groups": lambda target: target.log_groups,
    "rules": lambda target: target.follow.rules,
    "schedules": lambda target: target.follow.schedules,
    "families": lambda target: target.families,
}
# `shared` never allows these: what one environment does to a service, a rule or a schedule, or
# registers in a family, the other one would run.
_UNSHARABLE = frozenset({"service", "family", "rules", "schedules", "families"})


def every_environment(text: str, stage: str) -> tuple[Targets, ...]:
    """Return the targets of all environments of the file, those of `stage` first.

    Raises:
        Refused: when the targets of any environment are wrong, or when two environments of one
            account are not apart.
    """
    others = [name for name in environments(text) if name != stage]
    found = (load_targets(text, stage), *(_checked(text, name) for name in others))
    for one, other in combinations(found, 2):
        if in_one_account(one, other):
            _apart(one, other)
            _only_named_families((one, other))
    return found


def _checked(text: str, name: str) -> Targets:
    """The targets of an environment that is not the packaged one."""
    try:
        checked_stage(name)
        return load_targets(text, name)
    except Refused as refused:
        raise in_environment(name, refused) from refused


def in_environment(name: str, refused: Refused) -> Refused:
    """The refusal, which names the environment that is wrong: it is not the packaged one."""
    said = str(refused)
    if f"[environment.{name}]" in said:
        return refused
    return Refused(f"{said} This is wrong in [environment.{name}]; every environment is checked.")


def neighbours(found: Sequence[Targets]) -> tuple[Target, ...]:
    """Return the targets of the environments in the account of the first one."""
    mine, *others = found
    return tuple(target for one in others if in_one_account(mine, one) for target in one.all)


def in_one_account(one: Targets, other: Targets) -> bool:
    """Return whether both may be in the same AWS account: the file does not say otherwise."""
    return one.account is None or other.account is None or one.account == other.account


def _apart(one: Targets, other: Targets) -> None:
    for key, names in NAMES.items():
        for mine, theirs in _meeting(one, other, names):
            sharable = key not in _UNSHARABLE and mine == theirs and "*" not in mine.split(":")[-1]
            if sharable and mine in one.shared:
                continue
            found = f'"{mine}"' if mine == theirs else f'"{mine}" and "{theirs}"'
            instead = f', or write shared = ["{mine}"] at the top to share it' if sharable else ""
            raise Refused(
                f"targets.toml: `{key}` of {one.stage} fits what {other.stage} has, too ({found}), "
                f"so one could reach the other. Write {{env}} into it{instead}. Environments in "
                f"different accounts say so by `account` in their [environment.NAME]."
            )


def _meeting(one: Targets, other: Targets, names: _Names) -> Iterator[tuple[str, str]]:
    theirs = {name for target in other.all for name in names(target)}
    for mine in dict.fromkeys(name for target in one.all for name in names(target)):
        yield from ((mine, name) for name in sorted(theirs) if meet(mine, name))


def _only_named_families(both: tuple[Targets, Targets]) -> None:
    for one, other in (both, both[::-1]):
        for target in one.all:
            if target.family is None and target.mode == "deploy":
                raise Refused(
                    f"targets.toml: the target of {target.name} names no `family`, so its "
                    f"functions could register in every family, also in those of {other.stage}. "
                    "Name the family that the service runs."
                )

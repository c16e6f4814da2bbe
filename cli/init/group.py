"""Services and their environments -> as few `[[target]]` tables as say the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from chalicelib.model.base import Frozen
from cli.init.environments import environments
from cli.init.facts import AccountFacts
from cli.init.follow import Follower, LeftOut, followers
from cli.init.tags import tag_rule
from cli.init.words import generalised, in_order

_Members = dict[str, Follower]  # by environment
_Users = dict[str, set[str]]  # a repository -> the environments that follow it


class Table(Frozen):
    """One `[[target]]`: names with `{env}` in them, and the environments that have the service."""

    cluster: str
    service: str
    repository: str
    family: str
    environments: tuple[str, ...]
    containers: tuple[str, ...] = ()
    tags: str | None = None
    pass_roles: tuple[str, ...] = ()
    log_groups: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def shareable(self, environment: str) -> Iterator[str]:
        """The names of one environment that others may use on purpose (`shared`)."""
        for name in (self.cluster, self.repository, *self.pass_roles, *self.log_groups):
            yield name.replace("{env}", environment)


class Proposal(Frozen):
    """What the file will say: the tables, and what is not in them."""

    environments: tuple[str, ...]
    tables: tuple[Table, ...]
    shared: tuple[str, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def services(self) -> int:
        return sum(len(table.environments) for table in self.tables)


def proposed(facts: AccountFacts, said: tuple[str, ...] = ()) -> Proposal:
    """Return the tables for an account; `said` are the environments that a person named.

    An environment is the single word `prod`, unless fewer tables are needed with `eu-prod`.
    """
    found, left_out = followers(facts)
    single, qualified = (_apart(found, said, qualified=each) for each in (False, True))
    tables, in_two = min(
        (
            (_tables(by_environment, facts), in_two)
            for by_environment, in_two in (single, qualified)
        ),
        key=lambda each: (len(each[1]), len(each[0])),
    )
    names = {each for table in tables for each in table.environments}
    return Proposal(
        environments=tuple(sorted(names, key=in_order)),
        tables=tables,
        shared=tuple(sorted(_shared(tables))),
        left_out=tuple(sorted((*left_out, *in_two), key=lambda each: each.service)),
    )


def _apart(
    services: Sequence[Follower], said: tuple[str, ...], *, qualified: bool
) -> tuple[list[tuple[str, Follower]], list[LeftOut]]:
    """Each service with its environment, and those whose family two environments run.

    What one environment registers in a family, the other one would run: packaging refuses it.
    """
    chosen = environments(services, said, qualified=qualified)
    of_family: dict[str, set[str]] = defaultdict(set)
    for each in services:
        of_family[each.family].add(chosen[each.key])
    kept = [(chosen[each.key], each) for each in services if len(of_family[each.family]) == 1]
    in_two = [
        LeftOut(
            service=each.key,
            why=f"its family {each.family} is run by services of "
            f"{_listed(sorted(of_family[each.family], key=in_order))}",
            instead="give each environment a family of its own",
        )
        for each in services
        if len(of_family[each.family]) > 1
    ]
    return kept, in_two


def _tables(services: Iterable[tuple[str, Follower]], facts: AccountFacts) -> tuple[Table, ...]:
    groups: dict[tuple[object, ...], _Members] = defaultdict(dict)
    users: _Users = defaultdict(set)
    for environment, each in services:
        users[each.repository].add(environment)
        names = (each.cluster, each.service, each.repository, each.family)
        key = (*(generalised(name, environment) for name in names), each.containers)
        groups[key][environment] = each
    parts = (part for members in groups.values() for part in _alike(members))
    tables = (_table(part, facts, users) for part in parts)
    return tuple(sorted(tables, key=lambda each: (each.cluster, each.service)))


def _alike(members: _Members) -> Iterator[_Members]:
    """The members whose roles and log groups can stand in one table: all of them, if possible.

    A name with `{env}` is its environment's own, so it does no harm to the others. Any other name
    must be the same for all, or one environment could pass a role of another one.
    """
    literal: dict[frozenset[str], _Members] = defaultdict(dict)
    for environment, each in members.items():
        names = (*each.pass_roles, *each.log_groups)
        literal[frozenset(n for n in names if generalised(n, environment) == n)][environment] = each
    yield from literal.values()


def _table(members: _Members, facts: AccountFacts, users: _Users) -> Table:
    names = sorted(members, key=in_order)
    first = members[names[0]]
    beside = sorted(users[first.repository], key=in_order)
    rule = tag_rule(
        {name: facts.tags.get(members[name].repository, ()) for name in names},
        {name: members[name].tag for name in names},
        one_repository=len(beside) > 1,
    )
    remarks = [*_each(members, "notes"), rule.remark]
    if len(beside) > 1 and rule.pattern is None:
        remarks.append(_one_repository(first.repository, beside))
    return Table(
        cluster=generalised(first.cluster, names[0]),
        service=generalised(first.service, names[0]),
        repository=generalised(first.repository, names[0]),
        family=generalised(first.family, names[0]),
        environments=tuple(names),
        containers=first.containers,
        tags=rule.pattern,
        pass_roles=_each(members, "pass_roles"),
        log_groups=_each(members, "log_groups"),
        remarks=tuple(each for each in remarks if each),
    )


def _each(members: Mapping[str, Follower], field: str) -> tuple[str, ...]:
    """All values of a field, each once, with `{env}`."""
    return tuple(
        dict.fromkeys(
            generalised(value, environment)
            for environment, each in members.items()
            for value in getattr(each, field)
        )
    )


def _one_repository(repository: str, names: Sequence[str]) -> str:
    return (
        f"{_listed(names)} follow one repository, so each push to {repository} deploys to all of "
        "them. To keep them apart, write {env} into `tags`, or give an environment an `approval`."
    )


def _shared(tables: Iterable[Table]) -> set[str]:
    """The names that several environments have; packaging wants to see them named."""
    users: dict[str, set[str]] = defaultdict(set)
    for table in tables:
        for environment in table.environments:
            for name in table.shareable(environment):
                users[name].add(environment)
    return {name for name, found in users.items() if len(found) > 1}


def _listed(names: Sequence[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last

"""The tables -> the text of a targets.toml, with what could not be decided as comments.

The text is written by hand: it has seven keys in one shape, and most of it is comments. Every name
in it has passed the patterns of ECS, ECR or IAM, and the test reads each file back.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator

from cli.init.environments import UNNAMED
from cli.init.facts import AccountFacts
from cli.init.follow import LeftOut
from cli.init.group import Proposal, Table

_WIDTH = 98
_MOST = 20  # families that are named


def written(proposal: Proposal, facts: AccountFacts) -> str:
    """Return the text of the targets file."""
    parts = [
        _head(proposal, facts),
        _shared(proposal),
        *(_target(table, proposal) for table in proposal.tables),
        *(_environment(name, facts) for name in proposal.environments),
        _left_out(proposal.left_out),
        _scheduled(facts),
        _unread(facts),
    ]
    return "\n".join("".join(f"{line}\n" for line in part) for part in map(list, parts) if part)


def _head(proposal: Proposal, facts: AccountFacts) -> Iterator[str]:
    yield from _comment(
        f"Which service follows which repository: read by `slipway init` from the account "
        f"{facts.place.account} in {facts.place.region}. `{{env}}` becomes the environment's name; "
        "every key is explained in docs/targets.md."
    )
    yield "#"
    yield from _comment(
        "Slipway only observes at first: it tells what it would do, and changes nothing. To let it "
        "deploy in an environment, remove its `mode`."
    )
    yield "#"
    yield from _comment(
        f"Environments: {', '.join(proposal.environments)}. If they are not yours, name them:"
    )
    yield "#   slipway init --env dev --env prod --force"


def _shared(proposal: Proposal) -> Iterator[str]:
    if proposal.shared:
        yield from _comment(
            "Several environments have these names. Packaging refuses that unless they stand here."
        )
        yield "shared = ["
        yield from (f"  {_quoted(name)}," for name in proposal.shared)
        yield "]"


def _target(table: Table, proposal: Proposal) -> Iterator[str]:
    yield "[[target]]"
    for remark in table.remarks:
        yield from _comment(remark)
    values = {
        "repository": _quoted(table.repository),
        "cluster": _quoted(table.cluster),
        "service": _quoted(table.service),
        "environments": _list(table.environments),
        "family": _quoted(table.family),
        "containers": _list(table.containers),
        "tags": f"'{table.tags}'",
        "pass_roles": _list(table.pass_roles),
        "log_groups": _list(table.log_groups),
    }
    needless = {key for key in ("containers", "tags", "pass_roles", "log_groups")
                if not getattr(table, key)}  # fmt: skip
    if table.environments == proposal.environments:
        needless.add("environments")
    width = max(map(len, values.keys() - needless))
    yield from (f"{key:<{width}} = {value}" for key, value in values.items() if key not in needless)


def _environment(name: str, facts: AccountFacts) -> Iterator[str]:
    if name == UNNAMED:
        yield from _comment(
            "The names of these services tell no environment. If they are one of yours, write its "
            f'name for "{UNNAMED}" here and in `environments` above.'
        )
    yield f"[environment.{name}]"
    yield f"account = {_quoted(facts.place.account)}"
    yield 'mode    = "observe"'


def _left_out(services: Iterable[LeftOut]) -> Iterator[str]:
    """One entry for all services that are left out for one reason."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for each in services:
        reasons.setdefault((each.why, each.instead), []).append(each.service)
    if reasons:
        yield "# Left out:"
    for (why, instead), names in reasons.items():
        yield from _comment(f"- {', '.join(names)}: {why}. Next: {instead}.", "  ")


def _scheduled(facts: AccountFacts) -> Iterator[str]:
    run = {each.definition.family for each in facts.services if each.definition}
    if idle := [family for family in facts.families if family not in run]:
        more = f", and {len(idle) - _MOST} more" if len(idle) > _MOST else ""
        yield from _comment(
            f"No service runs these families: {', '.join(idle[:_MOST])}{more}. If a rule "
            "or a schedule runs one, docs/scheduled-tasks.md says how it gets new images."
        )


def _unread(facts: AccountFacts) -> Iterator[str]:
    for sentence in facts.unread:
        yield from _comment(f"Not read: {sentence}")


def _comment(text: str, indent: str = "") -> Iterator[str]:
    """The text as lines of comments; what cannot be printed is shown as `?`.

    `indent` is what the second line and those after it begin with.
    """
    plain = "".join(each if each.isprintable() else "?" for each in text)
    lines = textwrap.wrap(
        plain, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    yield from (f"# {line}" for line in lines)


def _list(values: Iterable[str]) -> str:
    """On one line where it fits, else one line each."""
    quoted = [_quoted(value) for value in values]
    line = f"[{', '.join(quoted)}]"
    return line if len(line) < _WIDTH - 15 else "\n".join(["[", *(f"  {q}," for q in quoted), "]"])


def _quoted(value: str) -> str:
    """A basic string of TOML: JSON's, for the characters that names have."""
    return json.dumps(value)

"""Whichever call fails, and whichever event is lost or doubled, a deployment ends the same way."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.reliability.cases import ALL_KINDS, Case, cases, seeds, undisturbed
from tests.reliability.commands import COMMANDS
from tests.reliability.flow import run
from tests.reliability.flows import FLOWS
from tests.reliability.strategies import STRATEGIES

PAIRS = [(flow, kind) for flow in FLOWS for kind in ALL_KINDS]
# One in three of those flows that last for minutes: the ordinary suite has to stay short.
LONG = STRATEGIES.keys() | COMMANDS.keys()
SAMPLED = [pair for number, pair in enumerate(PAIRS) if pair[0] not in LONG or number % 3 == 0]


def _of(flow: str, kind: str) -> list[Case]:
    return list(cases(flow, kinds=(kind,)))


def _played(chosen: list[Case]) -> dict[str, list[str]]:
    """What was wrong, by case. A case whose fault struck nothing is wrong, too."""
    wrong = {}
    for case in chosen:
        run = case.play()
        if run.wrong or not run.struck:
            words = run.wrong or ["nothing was struck"]
            wrong[str(case)] = [*words, f"again: {case.again}"]
    return wrong


@pytest.mark.parametrize("flow", FLOWS)
def test_a_flow_in_which_nothing_goes_wrong_ends_as_it_says(flow: str) -> None:
    assert undisturbed(flow).wrong == []


@pytest.mark.parametrize("flow", FLOWS)
def test_a_flow_ends_the_same_while_reads_lag(flow: str) -> None:
    wrong = {f"lag seed {seed!r}": undisturbed(flow, seed).wrong for seed in seeds(flow)}
    assert {seed: words for seed, words in wrong.items() if words} == {}


@pytest.mark.parametrize("flow", FLOWS)
def test_every_call_of_a_flow_is_allowed_by_the_role_that_makes_it(flow: str) -> None:
    """Runs with faults make no other calls, so they are played without IAM."""
    played = run(FLOWS[flow], asks_iam=True)
    assert played.wrong == []
    assert played.decided
    assert [decision for decision in played.decided if not decision.allowed] == []


@pytest.mark.parametrize(("flow", "kind"), SAMPLED)
def test_whatever_goes_wrong_at_a_call_or_an_event_the_rules_hold(
    flow: str, kind: str, record_property: Callable[[str, object], None]
) -> None:
    """One point for each way to fail, each time another point."""
    chosen = _of(flow, kind)
    record_property("crash points", 1)
    number = (1 + PAIRS.index((flow, kind))) * 7 % len(chosen)
    assert _played(chosen[number : number + 1]) == {}


@pytest.mark.slow
@pytest.mark.parametrize(("flow", "kind"), PAIRS)
def test_whatever_goes_wrong_at_any_call_or_event_the_rules_hold(
    flow: str, kind: str, record_property: Callable[[str, object], None]
) -> None:
    chosen = _of(flow, kind)
    record_property("crash points", len(chosen))
    assert _played(chosen) == {}

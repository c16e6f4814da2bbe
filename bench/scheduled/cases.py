"""What happens to a service whose family a rule and a schedule run: one `Case` each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from example.scenario import Build, Scenario
from example.scenarios import SCENARIOS

# When somebody else changes the rule: after the look on which the tool's write is based; after the
# tool's last look and before its write; right after its write.
Race = Literal["look", "write", "after"]


@dataclass(frozen=True)
class Case:
    """One story. `before` is deployed first; then `new` is, or with `back` the service goes back.

    `runs` is what the service runs at the end, and so should the jobs. In a `race`, somebody else
    changes the rule: the input of the job, or with "after" the whole target to what it was.
    """

    name: str
    story: str
    runs: Build = "new"
    bad: bool = False
    back: bool = False
    before: tuple[Build, ...] = ()
    race: Race | None = None
    queue_first: bool = False
    scenario: Scenario = field(init=False)

    def __post_init__(self) -> None:
        name = "crash" if self.bad else "good"
        object.__setattr__(self, "scenario", next(one for one in SCENARIOS if one.name == name))


CASES = (
    Case("good", "a good image"),
    Case("bad", "a crash loop; the circuit breaker rolls back", runs="first", bad=True),
    Case(
        "back",
        "two good images, then back to the earlier one by hand",
        runs="earlier",
        back=True,
        before=("earlier", "new"),
    ),
    Case(
        "look",
        "a good image; somebody changes the job's input after the look at the rule on which the "
        "tool's write is based",
        race="look",
    ),
    Case(
        "write",
        "a good image; somebody changes the job's input between the tool's last look at the rule "
        "and its write",
        race="write",
    ),
    Case(
        "after",
        "a good image; right after the tool's write, somebody writes the old target back",
        race="after",
    ),
    Case("queue", "a good image; the rule's first target is a queue", queue_first=True),
)
LOST = frozenset({"write"})  # no tool that writes a rule can keep the other's change there

"""What must be true of every run. Each rule yields a sentence for each time that it is broken.

`RULES` are those of a run that has ended; `ALWAYS` are those that hold at every moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.reliability.account import FaultyAccount
from tests.reliability.history import History
from tests.reliability.rules.acts import (
    a_deployment_registers_and_updates_at_most_once,
    a_pause_is_answered_as_a_person_said,
    every_revision_of_ours_has_its_record,
    images_are_written_by_digest,
    nobody_acts_between_two_acts_of_another,
    only_the_revision_is_changed,
    what_is_newer_is_applied_later,
)
from tests.reliability.rules.ends import (
    the_end_is_what_ecs_did,
    what_serves_is_what_the_newest_record_says,
)
from tests.reliability.rules.holds import (
    at_most_one_is_held,
    nothing_begins_while_a_person_is_awaited,
    nothing_begins_while_it_is_held,
)
from tests.reliability.rules.ledger import (
    head_agrees_with_the_records,
    no_lease_is_left,
    the_ledger_is_written_in_turns,
)
from tests.reliability.rules.notices import (
    everybody_is_told,
    nobody_is_told_what_was_not_so,
    what_is_told_twice_is_recognised,
)
from tests.reliability.rules.pushes import (
    every_push_has_one_record,
    every_record_is_closed,
    no_key_is_used_twice,
    what_is_foreign_others_did,
)
from tests.reliability.rules.runs import (
    a_request_is_saved_before_it_is_sent,
    a_service_changes_only_after_its_before,
    head_keeps_each_before_that_ran,
    no_command_runs_twice,
    one_before_at_a_time,
    only_a_good_after_proves,
    what_a_command_did_is_told_rightly,
    what_waits_goes_after_the_other_before,
)
from tests.reliability.rules.scheduled import (
    a_scheduled_task_gets_only_what_was_live,
    a_task_ends_as_its_scheduled_tasks_do,
    only_the_revision_of_a_scheduled_task_is_changed,
    scheduled_tasks_change_no_verdict,
    scheduled_tasks_run_what_is_live,
    what_others_wrote_is_not_overwritten,
)

Rule = Callable[[History], Iterator[str]]

ALWAYS: tuple[Rule, ...] = (
    nothing_begins_while_a_person_is_awaited,
    nothing_begins_while_it_is_held,
    at_most_one_is_held,
    no_key_is_used_twice,
    what_is_newer_is_applied_later,
    nobody_acts_between_two_acts_of_another,
    a_deployment_registers_and_updates_at_most_once,
    a_pause_is_answered_as_a_person_said,
    only_the_revision_is_changed,
    images_are_written_by_digest,
    the_ledger_is_written_in_turns,
    what_is_told_twice_is_recognised,
    nobody_is_told_what_was_not_so,
    a_request_is_saved_before_it_is_sent,
    no_command_runs_twice,
    one_before_at_a_time,
    a_service_changes_only_after_its_before,
    what_waits_goes_after_the_other_before,
    head_keeps_each_before_that_ran,
    a_scheduled_task_gets_only_what_was_live,
    what_others_wrote_is_not_overwritten,
    only_the_revision_of_a_scheduled_task_is_changed,
    scheduled_tasks_change_no_verdict,
)
RULES: tuple[Rule, ...] = (  # at the end
    *ALWAYS,
    every_push_has_one_record,
    every_revision_of_ours_has_its_record,
    every_record_is_closed,
    what_is_foreign_others_did,
    the_end_is_what_ecs_did,
    what_serves_is_what_the_newest_record_says,
    everybody_is_told,
    head_agrees_with_the_records,
    no_lease_is_left,
    what_a_command_did_is_told_rightly,
    only_a_good_after_proves,
    scheduled_tasks_run_what_is_live,
    a_task_ends_as_its_scheduled_tasks_do,
)


def broken(account: FaultyAccount, rules: tuple[Rule, ...] = RULES) -> list[str]:
    """Every rule that this run broke, in words."""
    history = History(account)
    return [f"{rule.__name__}: {words}" for rule in rules for words in rule(history)]

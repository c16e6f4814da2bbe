"""What `slipway doctor` reads of an Express service, whose family ECS fills too."""

from __future__ import annotations

from chalicelib.model.targets import load_targets
from cli.doctor.examine import examine
from rehearsal.strangers import strangers
from tests.dialect.account import SERVICE
from tests.dialect.rehearsed import TARGETS, RehearsedAccount, rehearsed_in_express_mode


def test_it_is_judged_by_what_it_runs_and_not_by_the_familys_newest_revision() -> None:
    with rehearsed_in_express_mode() as account:
        _register_another_image(account)
        report = examine(
            strangers(account.client),
            load_targets(TARGETS, "dev"),
            account.now(),
            fetch=lambda _: b"",
        )
        found = {finding.check for finding in report.findings if finding.service == SERVICE}
        assert found == {"mutable-tags"}


def _register_another_image(account: RehearsedAccount) -> None:
    """The family's newest revision runs no image of the repository."""
    ecs = account.client("ecs")
    (primary,) = account.described()["deployments"]
    running = ecs.describe_task_definition(taskDefinition=primary["taskDefinition"])
    body = running["taskDefinition"]
    (main,) = body["containerDefinitions"]
    ecs.register_task_definition(
        family=body["family"], containerDefinitions=[{**main, "image": "nginx", "memory": 128}]
    )

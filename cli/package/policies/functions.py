"""What each function may do: the statements of its policy, in their order."""

from __future__ import annotations

from cli.package.policies import account, own
from cli.package.policies.scope import Grant

_ALWAYS: tuple[Grant, ...] = (own.own_logs, own.traces)
_STEP: tuple[Grant, ...] = (
    own.read_ledger,
    own.write_ledger,
    own.notify,
    own.read_webhooks,
    account.read_services,
    account.read_tasks,
    account.read_logs,
    account.read_target_health,
    account.read_task_definitions,
    account.read_images,
    account.change_services,
    account.register,
    account.pass_roles,
)
# What each function may do.
GRANTS: dict[str, tuple[Grant, ...]] = {
    "on_image_push": (
        *_ALWAYS,
        *_STEP,
        account.read_scans,
        own.start_watchers,
        own.report_failures,
    ),
    "on_service_change": (*_ALWAYS, *_STEP, account.read_scans, own.report_failures),
    "watch": (*_ALWAYS, *_STEP, account.read_scans, own.start_watchers),
    "deploy": (*_ALWAYS, *_STEP, account.read_scans, own.start_watchers),
    "rollback": (*_ALWAYS, *_STEP, own.start_watchers),
    "status": (*_ALWAYS, own.read_ledger, account.look_at_services),
    "sweep": (
        *_ALWAYS,
        *_STEP,
        account.read_scans,
        own.start_watchers,
        own.report_failures,
        own.look_at_watchers,
    ),
}

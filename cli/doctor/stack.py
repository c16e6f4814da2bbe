"""facts -> what is wrong with the stack `slipway-STAGE`."""

from __future__ import annotations

from cli.doctor.facts import StackFacts
from cli.doctor.finding import Found, error, listed, warning

_COMPLETE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})
_ROLLED_BACK = frozenset({"UPDATE_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"})


def stack_exists(facts: StackFacts) -> Found | None:
    if facts.exists is not False:
        return None
    return error(
        f"There is no stack {facts.name} in this account and region.",
        f"make deploy STAGE={facts.stage}",
    )


def stack_complete(facts: StackFacts) -> Found | None:
    status = facts.status
    if not status or status in _COMPLETE:
        return None
    events = f"aws cloudformation describe-stack-events --stack-name {facts.name}"
    if status in _ROLLED_BACK:
        return warning(f"The last update of the stack was rolled back ({status}).", events)
    if status.endswith("_IN_PROGRESS"):
        return warning(f"CloudFormation is at work on the stack ({status}).", events)
    return error(f"The stack is not complete ({status}).", events)


def functions(facts: StackFacts) -> Found | None:
    if not facts.missing_functions:
        return None
    return error(
        f"The function {listed(facts.missing_functions)} does not exist.",
        f"make deploy STAGE={facts.stage}",
    )


def rules_enabled(facts: StackFacts) -> Found | None:
    disabled = [rule.name for rule in facts.rules or () if not rule.enabled]
    if not disabled:
        return None
    return error(
        f"The EventBridge rule {listed(disabled)} is disabled: its events reach no function.",
        f"aws events enable-rule --name {disabled[0]}",
    )


def dead_letters(facts: StackFacts) -> Found | None:
    if not facts.waiting:
        return None
    plural = "events wait" if facts.waiting != 1 else "event waits"
    return warning(
        f"{facts.waiting} {plural} in the dead-letter queue: no function could handle them.",
        f"aws sqs receive-message --queue-url {facts.queue} --max-number-of-messages 10",
    )


def alarms(facts: StackFacts) -> Found | None:
    if not facts.alarms:
        return None
    return warning(
        f"The alarm {listed(facts.alarms)} rings.",
        f"aws cloudwatch describe-alarms --alarm-names {' '.join(facts.alarms)}",
    )


def failed_executions(facts: StackFacts) -> Found | None:
    names = facts.failed_executions
    if not names:
        return None
    plural = "executions" if len(names) != 1 else "execution"
    return warning(
        f"{len(names)} {plural} of the state machine failed within seven days, {names[0]} last: "
        "Slipway lost sight of a deployment for half an hour.",
        f"make logs STAGE={facts.stage} FUNCTION=watch",
    )


def version(facts: StackFacts) -> Found | None:
    if facts.version is None or not facts.checkout or facts.version == facts.checkout:
        return None
    known = facts.version or "a checkout that wrote no version"
    return warning(
        f"The stack was packaged from {known}; this checkout is {facts.checkout}.",
        f"make deploy STAGE={facts.stage}",
    )


def secrets(facts: StackFacts) -> Found | None:
    missing = sorted(name for name, there in facts.secrets.items() if not there)
    if not missing:
        return None
    store, _, key = missing[0].partition(":")
    remedy = (
        f"aws ssm put-parameter --type SecureString --name {key} --value VALUE"
        if store == "ssm"
        else f"aws secretsmanager create-secret --name {key} --secret-string VALUE"
    )
    return warning(
        f"The secret {listed(missing)} of a channel does not exist: its notices are not sent.",
        remedy,
    )


RULES = (
    stack_exists,
    stack_complete,
    functions,
    rules_enabled,
    secrets,
    dead_letters,
    alarms,
    failed_executions,
    version,
)

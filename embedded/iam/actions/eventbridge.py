"""Operations of EventBridge and of EventBridge Scheduler → IAM needs, with iam:PassRole.

Documented, Service Authorization Reference: the resource of a rule on the default bus is
`rule/NAME`, on another bus `rule/BUS/NAME`; lists of rules, schedules and groups have no resource;
the condition keys `events:TargetArn` and `events:creatorAccount`, and for PutEvents
`events:source` and `events:detail-type`. EventBridge's and Scheduler's
user guides: who puts a target passes its role to the service.
Inferred: PutRule is checked without the condition keys of its pattern (`events:source`, …).
"""

from __future__ import annotations

from collections.abc import Iterator

from embedded.calls.call import Call
from embedded.calls.sessions import ACCOUNT
from embedded.iam.actions.need import Context, Need, make_arn, pass_role, unmapped

_LISTS_OF_RULES = {"ListEventBuses", "ListRules", "ListRuleNamesByTarget"}
# The operations on one rule, by the parameter that names it.
_ON_A_RULE = {
    "DescribeRule": "Name",
    "PutRule": "Name",
    "DeleteRule": "Name",
    "EnableRule": "Name",
    "DisableRule": "Name",
    "ListTargetsByRule": "Rule",
    "PutTargets": "Rule",
    "RemoveTargets": "Rule",
}
_LISTS_OF_SCHEDULES = {"ListSchedules", "ListScheduleGroups"}
_ON_A_SCHEDULE = {"GetSchedule", "CreateSchedule", "UpdateSchedule", "DeleteSchedule"}
_ON_A_GROUP = {"GetScheduleGroup", "CreateScheduleGroup", "DeleteScheduleGroup"}


def needs_of_events(call: Call) -> Iterator[Need]:
    p, action = call.parameters, f"events:{call.operation}"
    if call.operation in _LISTS_OF_RULES:
        yield Need(action, ("*",))
    elif call.operation == "PutEvents":
        buses = {entry.get("EventBusName") or "default" for entry in p["Entries"]}
        arns = (
            b if b.startswith("arn:") else make_arn(call, "events", f"event-bus/{b}") for b in buses
        )
        said: Context = {
            "events:source": [entry.get("Source", "") for entry in p["Entries"]],
            "events:detail-type": [entry.get("DetailType", "") for entry in p["Entries"]],
        }
        yield Need(action, tuple(sorted(arns)), said)
    elif named_by := _ON_A_RULE.get(call.operation):
        context: dict[str, str | list[str]] = {"events:creatorAccount": ACCOUNT}
        targets = p.get("Targets") or []
        if targets:
            context["events:TargetArn"] = [target["Arn"] for target in targets]
        yield Need(action, (_rule(call, p[named_by]),), context)
        passed = [p.get("RoleArn"), *(target.get("RoleArn") for target in targets)]
        for role in dict.fromkeys(role for role in passed if role):
            yield pass_role(role, "events.amazonaws.com")
    else:
        raise unmapped(call)


def needs_of_scheduler(call: Call) -> Iterator[Need]:
    p, action = call.parameters, f"scheduler:{call.operation}"
    if call.operation in _LISTS_OF_SCHEDULES:
        yield Need(action, ("*",))
    elif call.operation in _ON_A_SCHEDULE:
        schedule = f"schedule/{p.get('GroupName') or 'default'}/{p['Name']}"
        yield Need(action, (make_arn(call, "scheduler", schedule),))
        if role := (p.get("Target") or {}).get("RoleArn"):
            yield pass_role(role, "scheduler.amazonaws.com")
    elif call.operation in _ON_A_GROUP:
        group = make_arn(call, "scheduler", f"schedule-group/{p['Name']}")
        tags = {tag["Key"]: tag["Value"] for tag in p.get("Tags") or []}
        tagging: Context = {
            **{f"aws:RequestTag/{key}": value for key, value in tags.items()},
            **({"aws:TagKeys": list(tags)} if tags else {}),
        }
        yield Need(action, (group,), tagging)
        if call.operation == "DeleteScheduleGroup":
            within = make_arn(call, "scheduler", f"schedule/{p['Name']}/*")
            yield Need("scheduler:DeleteSchedule", (within,))
    else:
        raise unmapped(call)


def _rule(call: Call, name: str) -> str:
    """The rule's ARN. The bus is given by its name or its ARN."""
    bus = (call.parameters.get("EventBusName") or "default").split(":event-bus/")[-1]
    return make_arn(call, "events", f"rule/{name}" if bus == "default" else f"rule/{bus}/{name}")

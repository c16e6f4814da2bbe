"""RunTask → IAM needs: the task definition, its roles, and tags of the new tasks.

Documented, Service Authorization Reference: the resource is the task definition; iam:PassRole is a
dependent action; the condition keys. "Amazon ECS task execution IAM role" and "task IAM role": both
roles are passed to ecs-tasks.amazonaws.com. "Grant permission to tag resources on creation": tags
of the request need ecs:TagResource. Reported (terraform-aws-ecs-fargate-scheduled-task#42): so do
propagated and managed tags.
Inferred: the new task has no id yet, so its resource is `task/CLUSTER/*`; the tag keys are those of
the request; a role that is overridden is not passed. A task definition without a revision is its
newest ACTIVE one where ECS knows that, else `FAMILY:*`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.ecs.exceptions import TaskDefinitionNotFoundException
from moto.ecs.models import ecs_backends

from embedded.calls.call import Call
from embedded.calls.sessions import ACCOUNT
from embedded.iam.actions.need import Context, Need, last, make_arn, pass_role

ROLES = {"taskRoleArn": "task_role_arn", "executionRoleArn": "execution_role_arn"}


def needs(call: Call) -> Iterator[Need]:
    p = call.parameters
    named = p["taskDefinition"]
    known = _known(call, named)
    cluster = last(p.get("cluster") or "default")
    tags = {f"aws:RequestTag/{tag['key']}": tag.get("value", "") for tag in p.get("tags") or []}
    keys: Context = {"aws:TagKeys": [tag["key"] for tag in p["tags"]]} if tags else {}
    context = {"ecs:cluster": make_arn(call, "ecs", f"cluster/{cluster}"), **tags, **keys}
    definition = known.arn if known else _revision(call, named)
    yield Need("ecs:RunTask", (definition,), {**context, **_condition_keys(call)})
    if tags or p.get("enableECSManagedTags") or p.get("propagateTags") == "TASK_DEFINITION":
        task = make_arn(call, "ecs", f"task/{cluster}/*")
        yield Need("ecs:TagResource", (task,), {**tags, **keys, "ecs:CreateAction": "RunTask"})
    yield from _passed(p, known)


def _condition_keys(call: Call) -> Context:
    p = call.parameters
    strategy = p.get("capacityProviderStrategy") or []
    providers = [
        make_arn(call, "ecs", f"capacity-provider/{last(each['capacityProvider'])}")
        for each in strategy
    ]
    return {
        **({"ecs:capacity-provider": providers} if providers else {}),
        "ecs:enable-execute-command": str(bool(p.get("enableExecuteCommand"))).lower(),
        "ecs:enable-ebs-volumes": str(bool(p.get("volumeConfigurations"))).lower(),
    }


def _passed(p: dict[str, Any], known: Any) -> Iterator[Need]:
    overrides = p.get("overrides") or {}
    for name, attribute in ROLES.items():
        if role := overrides.get(name) or getattr(known, attribute, None):
            yield pass_role(role, "ecs-tasks.amazonaws.com")
    for volume in p.get("volumeConfigurations") or []:
        if role := (volume.get("managedEBSVolume") or {}).get("roleArn"):
            yield pass_role(role, "ecs.amazonaws.com")


def _known(call: Call, named: str) -> Any:
    """The revision as ECS knows it, or None: then ECS will refuse the call."""
    try:
        return ecs_backends[ACCOUNT][call.region].describe_task_definition(named)
    except TaskDefinitionNotFoundException:
        return None


def _revision(call: Call, named: str) -> str:
    name = last(named)
    return make_arn(call, "ecs", f"task-definition/{name if ':' in name else f'{name}:*'}")

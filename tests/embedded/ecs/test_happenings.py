"""What people, autoscaling and the infrastructure do to services and tasks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto import mock_aws
from moto.ecs.models import ecs_backends

from embedded.clock.clock import VirtualClock
from embedded.services import ecs
from embedded.services.ecs import Crash
from tests.embedded.ecs.stage import BETTER, SERVICE, Stage, client, staged


@pytest.fixture
def stage() -> Iterator[Stage]:
    with staged() as opened:
        opened.create()
        yield opened


def test_scaling_makes_no_deployment(stage: Stage) -> None:
    before = stage.service()["deployments"][0]["id"]
    stage.update(desiredCount=4)
    stage.clock.advance(60)
    service = stage.service()
    assert (service["desiredCount"], service["runningCount"]) == (4, 4)
    assert [each["id"] for each in service["deployments"]] == [before]
    assert len(stage.ecs.service_deployments(SERVICE)) == 1


def test_scaling_in_stops_tasks_with_the_scheduler_as_cause(stage: Stage) -> None:
    identifier = stage.service()["deployments"][0]["id"]
    stage.ecs.scale(SERVICE, 1)
    stage.clock.advance(60)
    [stopped] = stage.stopped()
    assert stopped["stopCode"] == "ServiceSchedulerInitiated"
    assert stopped["stoppedReason"] == f"Scaling activity initiated by (deployment {identifier})"
    assert stage.service()["runningCount"] == 1


def test_a_task_that_a_person_stops_is_replaced(stage: Stage) -> None:
    first = stage.ecs.tasks(SERVICE)[0]
    stage.api.stop_task(cluster="dev", task=first.arn, reason="debugging")
    stage.clock.advance(60)
    [stopped] = stage.stopped()
    assert (stopped["stopCode"], stopped["stoppedReason"]) == ("UserInitiated", "debugging")
    assert stage.service()["runningCount"] == 2


@pytest.mark.parametrize(
    ("happening", "code"),
    [
        ("interrupt_spot", "SpotInterruption"),
        ("retire", "TerminationNotice"),
        ("fail_host", "InfrastructureHealth"),
    ],
)
def test_the_infrastructure_takes_tasks_without_failing_the_deployment(
    stage: Stage, happening: str, code: str
) -> None:
    stage.update(
        stage.register(BETTER),
        deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
    )
    stage.clock.advance(13)
    for task in stage.ecs.tasks(SERVICE)[2:]:
        getattr(stage.ecs, happening)(task.id)
    stage.clock.advance(1)
    assert stage.service()["deployments"][0]["failedTasks"] == 0
    assert stage.finish(600) == "SUCCESSFUL"
    assert code in {each["stopCode"] for each in stage.stopped()}


def test_a_crash_in_the_steady_state_is_repaired_quietly(stage: Stage) -> None:
    stage.ecs.crash(stage.ecs.tasks(SERVICE)[0].id)
    stage.clock.advance(60)
    assert stage.service()["runningCount"] == 2
    assert stage.names() == ["SERVICE_STEADY_STATE"]


def test_stopped_tasks_stay_for_an_hour(stage: Stage) -> None:
    first = stage.ecs.tasks(SERVICE)[0]
    stage.api.stop_task(cluster="dev", task=first.id)
    stage.clock.advance(60)
    listed = stage.api.list_tasks(cluster="dev", serviceName="web", desiredStatus="STOPPED")
    assert listed["taskArns"] == [first.arn]
    stage.clock.advance(3600)
    answer = stage.api.describe_tasks(cluster="dev", tasks=[first.arn])
    assert answer["failures"] == [{"arn": first.arn, "reason": "MISSING"}]


def test_a_person_rolls_a_deployment_back(stage: Stage) -> None:
    before = stage.service()["taskDefinition"]
    stage.update(stage.register(BETTER))
    stage.clock.advance(10)
    arn = stage.deployment()["serviceDeploymentArn"]
    stage.api.stop_service_deployment(serviceDeploymentArn=arn, stopType="ROLLBACK")
    assert stage.deployment()["status"] == "ROLLBACK_REQUESTED"
    stage.api.stop_service_deployment(serviceDeploymentArn=arn)
    stage.clock.advance(2)
    assert stage.deployment()["status"] == "ROLLBACK_IN_PROGRESS"
    assert stage.finish(600) == "ROLLBACK_SUCCESSFUL"
    assert stage.running() == [before, before]
    assert "SERVICE_DEPLOYMENT_FAILED" not in stage.names()


def test_a_rollback_brings_old_network_settings_back(stage: Stage) -> None:
    other = {"awsvpcConfiguration": {"subnets": ["subnet-9"]}}
    stage.update(networkConfiguration=other)
    assert stage.service()["networkConfiguration"] == other
    stage.clock.advance(5)
    arn = stage.deployment()["serviceDeploymentArn"]
    stage.api.stop_service_deployment(serviceDeploymentArn=arn)
    stage.finish(600)
    subnets = stage.service()["networkConfiguration"]["awsvpcConfiguration"]["subnets"]
    assert subnets == ["subnet-1"]


def test_an_aborted_deployment_stops_where_it_is(stage: Stage) -> None:
    stage.ecs.faults.image("b" * 64, Crash())
    stage.update(stage.register(BETTER))
    stage.clock.advance(30)
    arn = stage.deployment()["serviceDeploymentArn"]
    stage.api.stop_service_deployment(serviceDeploymentArn=arn, stopType="ABORT")
    assert stage.deployment()["status"] == "STOP_REQUESTED"
    assert stage.finish(10) == "STOPPED"
    stage.clock.advance(60)
    begun = len(stage.ecs.tasks(SERVICE))
    stage.clock.advance(600)
    assert len(stage.ecs.tasks(SERVICE)) == begun


def test_what_has_finished_cannot_be_stopped(stage: Stage) -> None:
    arn = stage.deployment()["serviceDeploymentArn"]
    with pytest.raises(stage.api.exceptions.ConflictException):
        stage.api.stop_service_deployment(serviceDeploymentArn=arn)
    with pytest.raises(stage.api.exceptions.ServiceDeploymentNotFoundException):
        stage.api.stop_service_deployment(serviceDeploymentArn=arn + "x")


def test_a_daemon_runs_one_task_per_instance(stage: Stage) -> None:
    stage.ecs.set_container_instances("dev", 3)
    stage.api.create_service(
        cluster="dev",
        serviceName="agent",
        taskDefinition=stage.register(),
        schedulingStrategy="DAEMON",
    )
    stage.clock.advance(60)
    assert len([task for task in stage.ecs.tasks("dev/agent") if task.healthy]) == 3
    stage.ecs.set_container_instances("dev", 5)
    stage.clock.advance(60)
    assert len([task for task in stage.ecs.tasks("dev/agent") if task.healthy]) == 5


def test_a_deleted_service_drains_and_becomes_inactive(stage: Stage) -> None:
    with pytest.raises(stage.api.exceptions.InvalidParameterException, match="scaled above 0"):
        stage.api.delete_service(cluster="dev", service="web")
    answer = stage.api.delete_service(cluster="dev", service="web", force=True)
    assert answer["service"]["status"] == "DRAINING"
    with pytest.raises(stage.api.exceptions.ServiceNotActiveException):
        stage.update(desiredCount=1)
    stage.clock.advance(60)
    assert stage.service()["status"] == "INACTIVE"
    assert stage.api.list_services(cluster="dev")["serviceArns"] == []


def test_containers_write_to_their_log_group(stage: Stage) -> None:
    logs = client("logs")
    logs.create_log_group(logGroupName="/ecs/web")
    options = {"awslogs-group": "/ecs/web", "awslogs-stream-prefix": "web"}
    stage.ecs.faults.image("b" * 64, Crash(logs=("Traceback …", "KeyError: 'DATABASE_URL'")))
    logging = {"logDriver": "awslogs", "options": options}
    stage.update(stage.register(BETTER, logConfiguration=logging))
    stage.clock.advance(25)
    crashed = next(each for each in stage.ecs.tasks(SERVICE) if each.stop_code)
    stream = f"web/web/{crashed.id}"
    found = logs.get_log_events(logGroupName="/ecs/web", logStreamName=stream)["events"]
    assert [each["message"] for each in found][1:] == ["Traceback …", "KeyError: 'DATABASE_URL'"]


def test_a_missing_log_group_harms_nobody(stage: Stage) -> None:
    logging = {"logDriver": "awslogs", "options": {"awslogs-group": "/none"}}
    stage.update(stage.register(BETTER, logConfiguration=logging))
    assert stage.finish(600) == "SUCCESSFUL"


def test_uninstalling_gives_moto_its_own_ecs_back() -> None:
    with mock_aws():
        with ecs.install(VirtualClock(), lambda _: None):
            client("ecs").create_cluster(clusterName="dev")
        api = client("ecs")
        assert api.list_clusters()["clusterArns"] == []
        api.create_cluster(clusterName="dev")
        api.register_task_definition(
            family="web", containerDefinitions=[{"name": "web", "image": "web", "memory": 1}]
        )
        found = api.describe_task_definition(taskDefinition="web")["taskDefinition"]
        assert "registeredBy" not in found


def test_a_gate_stands_before_every_operation(stage: Stage) -> None:
    seen: list[str] = []
    stage.ecs.gate = lambda _place, operation, _request: seen.append(operation)
    stage.service()
    stage.api.describe_clusters(clusters=["dev"])
    assert seen == ["DescribeServices", "DescribeClusters"]


def test_what_is_not_simulated_is_refused_plainly(stage: Stage) -> None:
    with pytest.raises(stage.api.exceptions.UnsupportedFeatureException, match="does not simulate"):
        stage.api.continue_service_deployment(
            serviceDeploymentArn="arn", hookId="hook", action="CONTINUE"
        )


def test_autoscaling_may_register_the_service_as_a_target(stage: Stage) -> None:
    scaling = client("application-autoscaling")
    scaling.register_scalable_target(
        ServiceNamespace="ecs",
        ResourceId="service/dev/web",
        ScalableDimension="ecs:service:DesiredCount",
        MinCapacity=1,
        MaxCapacity=4,
    )
    assert stage.service()["desiredCount"] == 2


def test_clusters_count_what_runs_in_them(stage: Stage) -> None:
    [cluster] = stage.api.describe_clusters(clusters=["dev"])["clusters"]
    assert (cluster["runningTasksCount"], cluster["activeServicesCount"]) == (2, 1)


def test_a_region_that_moto_resets_falls_silent(stage: Stage) -> None:
    stage.update(stage.register(BETTER))
    stage.clock.advance(5)
    told = len(stage.events)
    ecs_backends["123456789012"]["us-west-2"].reset()
    stage.clock.advance(600)
    assert len(stage.events) == told


def test_nothing_that_only_moto_knows_is_answered_by_moto(stage: Stage) -> None:
    with pytest.raises(stage.api.exceptions.UnsupportedFeatureException, match="RunTask"):
        stage.api.run_task(cluster="dev", taskDefinition="web")

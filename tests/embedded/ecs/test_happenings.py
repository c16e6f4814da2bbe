"""What people, autoscaling and the infrastructure do to services and tasks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto import mock_aws
from moto.ecs.models import ecs_backends

from embedded.clock.clock import VirtualClock
from embedded.services import ecs
from embedded.services.ecs import Crash
from tests.embedded.ecs.web_service import BETTER, SERVICE, WebService, client, web_service


@pytest.fixture
def web() -> Iterator[WebService]:
    with web_service() as opened:
        opened.create()
        yield opened


def test_scaling_makes_no_deployment(web: WebService) -> None:
    before = web.service()["deployments"][0]["id"]
    web.update(desiredCount=4)
    web.clock.advance(60)
    service = web.service()
    assert (service["desiredCount"], service["runningCount"]) == (4, 4)
    assert [each["id"] for each in service["deployments"]] == [before]
    assert len(web.ecs.service_deployments(SERVICE)) == 1


def test_scaling_in_stops_tasks_with_the_scheduler_as_cause(web: WebService) -> None:
    identifier = web.service()["deployments"][0]["id"]
    web.ecs.scale(SERVICE, 1)
    web.clock.advance(60)
    [stopped] = web.stopped()
    assert stopped["stopCode"] == "ServiceSchedulerInitiated"
    assert stopped["stoppedReason"] == f"Scaling activity initiated by (deployment {identifier})"
    assert web.service()["runningCount"] == 1


def test_a_task_that_a_person_stops_is_replaced(web: WebService) -> None:
    first = web.ecs.tasks(SERVICE)[0]
    web.api.stop_task(cluster="dev", task=first.arn, reason="debugging")
    web.clock.advance(60)
    [stopped] = web.stopped()
    assert (stopped["stopCode"], stopped["stoppedReason"]) == ("UserInitiated", "debugging")
    assert web.service()["runningCount"] == 2


@pytest.mark.parametrize(
    ("happening", "code"),
    [
        ("interrupt_spot", "SpotInterruption"),
        ("retire", "TerminationNotice"),
        ("fail_host", "InfrastructureHealth"),
    ],
)
def test_the_infrastructure_takes_tasks_without_failing_the_deployment(
    web: WebService, happening: str, code: str
) -> None:
    web.update(
        web.register(BETTER),
        deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
    )
    web.clock.advance(13)
    for task in web.ecs.tasks(SERVICE)[2:]:
        getattr(web.ecs, happening)(task.id)
    web.clock.advance(1)
    assert web.service()["deployments"][0]["failedTasks"] == 0
    assert web.finish(600) == "SUCCESSFUL"
    assert code in {each["stopCode"] for each in web.stopped()}


def test_a_crash_in_the_steady_state_is_repaired_quietly(web: WebService) -> None:
    web.ecs.crash(web.ecs.tasks(SERVICE)[0].id)
    web.clock.advance(60)
    assert web.service()["runningCount"] == 2
    assert web.names() == ["SERVICE_STEADY_STATE"]


def test_stopped_tasks_stay_for_an_hour(web: WebService) -> None:
    first = web.ecs.tasks(SERVICE)[0]
    web.api.stop_task(cluster="dev", task=first.id)
    web.clock.advance(60)
    listed = web.api.list_tasks(cluster="dev", serviceName="web", desiredStatus="STOPPED")
    assert listed["taskArns"] == [first.arn]
    web.clock.advance(3600)
    answer = web.api.describe_tasks(cluster="dev", tasks=[first.arn])
    assert answer["failures"] == [{"arn": first.arn, "reason": "MISSING"}]


def test_a_person_rolls_a_deployment_back(web: WebService) -> None:
    before = web.service()["taskDefinition"]
    web.update(web.register(BETTER))
    web.clock.advance(10)
    arn = web.deployment()["serviceDeploymentArn"]
    web.api.stop_service_deployment(serviceDeploymentArn=arn, stopType="ROLLBACK")
    assert web.deployment()["status"] == "ROLLBACK_REQUESTED"
    web.api.stop_service_deployment(serviceDeploymentArn=arn)
    web.clock.advance(2)
    assert web.deployment()["status"] == "ROLLBACK_IN_PROGRESS"
    assert web.finish(600) == "ROLLBACK_SUCCESSFUL"
    assert web.running() == [before, before]
    assert "SERVICE_DEPLOYMENT_FAILED" not in web.names()


def test_a_rollback_brings_old_network_settings_back(web: WebService) -> None:
    other = {"awsvpcConfiguration": {"subnets": ["subnet-9"]}}
    web.update(networkConfiguration=other)
    assert web.service()["networkConfiguration"] == other
    web.clock.advance(5)
    arn = web.deployment()["serviceDeploymentArn"]
    web.api.stop_service_deployment(serviceDeploymentArn=arn)
    web.finish(600)
    subnets = web.service()["networkConfiguration"]["awsvpcConfiguration"]["subnets"]
    assert subnets == ["subnet-1"]


def test_an_aborted_deployment_stops_where_it_is(web: WebService) -> None:
    web.ecs.faults.image("b" * 64, Crash())
    web.update(web.register(BETTER))
    web.clock.advance(30)
    arn = web.deployment()["serviceDeploymentArn"]
    web.api.stop_service_deployment(serviceDeploymentArn=arn, stopType="ABORT")
    assert web.deployment()["status"] == "STOP_REQUESTED"
    assert web.finish(10) == "STOPPED"
    web.clock.advance(60)
    begun = len(web.ecs.tasks(SERVICE))
    web.clock.advance(600)
    assert len(web.ecs.tasks(SERVICE)) == begun


def test_what_has_finished_cannot_be_stopped(web: WebService) -> None:
    arn = web.deployment()["serviceDeploymentArn"]
    with pytest.raises(web.api.exceptions.ConflictException):
        web.api.stop_service_deployment(serviceDeploymentArn=arn)
    with pytest.raises(web.api.exceptions.ServiceDeploymentNotFoundException):
        web.api.stop_service_deployment(serviceDeploymentArn=arn + "x")


def test_a_daemon_runs_one_task_per_instance(web: WebService) -> None:
    web.ecs.set_container_instances("dev", 3)
    web.api.create_service(
        cluster="dev",
        serviceName="agent",
        taskDefinition=web.register(),
        schedulingStrategy="DAEMON",
    )
    web.clock.advance(60)
    assert len([task for task in web.ecs.tasks("dev/agent") if task.healthy]) == 3
    web.ecs.set_container_instances("dev", 5)
    web.clock.advance(60)
    assert len([task for task in web.ecs.tasks("dev/agent") if task.healthy]) == 5


def test_a_deleted_service_drains_and_becomes_inactive(web: WebService) -> None:
    with pytest.raises(web.api.exceptions.InvalidParameterException, match="scaled above 0"):
        web.api.delete_service(cluster="dev", service="web")
    answer = web.api.delete_service(cluster="dev", service="web", force=True)
    assert answer["service"]["status"] == "DRAINING"
    with pytest.raises(web.api.exceptions.ServiceNotActiveException):
        web.update(desiredCount=1)
    web.clock.advance(60)
    assert web.service()["status"] == "INACTIVE"
    assert web.api.list_services(cluster="dev")["serviceArns"] == []


def test_containers_write_to_their_log_group(web: WebService) -> None:
    logs = client("logs")
    logs.create_log_group(logGroupName="/ecs/web")
    options = {"awslogs-group": "/ecs/web", "awslogs-stream-prefix": "web"}
    web.ecs.faults.image("b" * 64, Crash(logs=("Traceback …", "KeyError: 'DATABASE_URL'")))
    logging = {"logDriver": "awslogs", "options": options}
    web.update(web.register(BETTER, logConfiguration=logging))
    web.clock.advance(25)
    crashed = next(each for each in web.ecs.tasks(SERVICE) if each.stop_code)
    stream = f"web/web/{crashed.id}"
    found = logs.get_log_events(logGroupName="/ecs/web", logStreamName=stream)["events"]
    assert [each["message"] for each in found][1:] == ["Traceback …", "KeyError: 'DATABASE_URL'"]


def test_a_missing_log_group_harms_nobody(web: WebService) -> None:
    logging = {"logDriver": "awslogs", "options": {"awslogs-group": "/none"}}
    web.update(web.register(BETTER, logConfiguration=logging))
    assert web.finish(600) == "SUCCESSFUL"


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


def test_the_limiter_is_asked_before_every_operation(web: WebService) -> None:
    asked: list[str] = []
    web.ecs.limiter = lambda _place, operation, _request: asked.append(operation)
    web.service()
    web.api.describe_clusters(clusters=["dev"])
    assert asked == ["DescribeServices", "DescribeClusters"]


def test_what_is_not_simulated_is_refused_plainly(web: WebService) -> None:
    with pytest.raises(web.api.exceptions.UnsupportedFeatureException, match="does not simulate"):
        web.api.get_task_protection(cluster="dev")


def test_autoscaling_may_register_the_service_as_a_target(web: WebService) -> None:
    scaling = client("application-autoscaling")
    scaling.register_scalable_target(
        ServiceNamespace="ecs",
        ResourceId="service/dev/web",
        ScalableDimension="ecs:service:DesiredCount",
        MinCapacity=1,
        MaxCapacity=4,
    )
    assert web.service()["desiredCount"] == 2


def test_clusters_count_what_runs_in_them(web: WebService) -> None:
    [cluster] = web.api.describe_clusters(clusters=["dev"])["clusters"]
    assert (cluster["runningTasksCount"], cluster["activeServicesCount"]) == (2, 1)


def test_a_region_that_moto_resets_falls_silent(web: WebService) -> None:
    web.update(web.register(BETTER))
    web.clock.advance(5)
    told = len(web.events)
    ecs_backends["123456789012"]["us-west-2"].reset()
    web.clock.advance(600)
    assert len(web.events) == told


def test_nothing_that_only_moto_knows_is_answered_by_moto(web: WebService) -> None:
    with pytest.raises(web.api.exceptions.UnsupportedFeatureException, match="StartTask"):
        web.api.start_task(cluster="dev", taskDefinition="web", containerInstances=["i"])

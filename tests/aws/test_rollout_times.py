"""What ECS tells of the times of a rollout, read from the embedded ECS."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.aws.ecs import Ecs
from chalicelib.errors import DeployerError
from chalicelib.explain.service_events import kind_of, tasks_named
from example import conflicto
from example.scenario import CLUSTER
from rehearsal.played import TARGETS, PlayedAccount
from rehearsal.rehearsal import rehearse

SERVICE = "conflicto-frontend-service-dev"


@pytest.fixture(scope="module")
def account() -> Iterator[PlayedAccount]:
    """A service that has reached its steady state."""
    with rehearse(TARGETS, PlayedAccount) as found:
        found.client("ecs").create_cluster(clusterName=CLUSTER)
        conflicto.add_service(found.client, "frontend", "nginx_fargate")
        found.until(lambda: found.ecs.service(f"{CLUSTER}/{SERVICE}").ongoing is None)
        yield found


@pytest.mark.usefixtures("account")
def test_the_events_and_the_tasks_that_they_name_are_read_with_all_their_times() -> None:
    told = Ecs().rollout_times(CLUSTER, SERVICE)
    assert {"started", "steady"} <= {kind_of(event.message) for event in told.events}
    assert (told.tasks, told.bakes) == ((), False)
    ids = tasks_named(told.events, 100)
    tasks = Ecs().task_times(CLUSTER, (*ids, "f" * 32))  # ECS leaves out what it does not know
    assert {task.id for task in tasks} == set(ids)
    for task in tasks:
        times = (task.created, task.pull_started, task.pull_stopped, task.started)
        known = [time for time in times if time is not None]
        assert len(known) == 4
        assert sorted(known) == known
        assert task.started_by.startswith("ecs-svc/")
        assert ":" in task.revision
        assert (task.stopping, task.stopped) == (None, None)


@pytest.mark.usefixtures("account")
def test_a_service_or_a_cluster_that_is_gone_tells_nothing() -> None:
    assert Ecs().rollout_times(CLUSTER, "gone").events == ()
    with pytest.raises(DeployerError):
        Ecs().rollout_times("gone", SERVICE)

"""stopped task, placement failure -> failure cause: a message of ECS for every row."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.explain.causes import Kind, table
from chalicelib.explain.classify import FailureCause, classify, classify_placement, row_of, said
from chalicelib.model.services import StoppedTask
from tests.fixtures.examples import DIGEST, URI

FAILED = "TaskFailedToStart"
EXITED = "EssentialContainerExited"
SCHEDULER = "ServiceSchedulerInitiated"
PULL = "CannotPullContainerError: pull image manifest has been retried 5 time(s): "
INIT = "ResourceInitializationError: "
AUTH = f"{INIT}unable to pull secrets or registry auth: execution resource retrieval failed: "
START = (
    "CannotStartContainerError: Error response from daemon: failed to create task for container: "
    "failed to create shim task: OCI runtime create failed: runc create failed: "
)
USER = "User: arn:aws:sts::123456789012:assumed-role/exec/1 is not authorized to perform: "
NETWORK_TIMEOUT = "dial tcp 10.0.0.1:443: i/o timeout"
ENI = "Unexpected EC2 error while attempting to "


def _task(reason: str = "", stop_code: str = FAILED, **fields: Any) -> StoppedTask:
    return StoppedTask(id="1", reason=reason, stop_code=stop_code, **fields)


def _exit(code: int, **fields: Any) -> StoppedTask:
    reason = "Essential container in task exited"
    return _task(reason, EXITED, container="web", exit_code=code, **fields)


# Messages as ECS, its agent and container runtimes write them; names are ours.
TASKS = [
    (_task("Your Spot Task was interrupted.", "SpotInterruption"), Kind.NOT_THE_IMAGE),
    (_task("Your Spot Task was interrupted.", ""), Kind.NOT_THE_IMAGE),
    (_task("Host EC2 (instance i-0abc) terminated.", "TerminationNotice"), Kind.NOT_THE_IMAGE),
    (_task("Host EC2 (instance i-0abc) stopped.", ""), Kind.NOT_THE_IMAGE),
    (_task("Container instance deregistration forced by user", ""), Kind.NOT_THE_IMAGE),
    (_task("", "InfrastructureHealth"), Kind.NOT_THE_IMAGE),
    (_task("ECS is performing maintenance on the underlying infrastructure hosting the task.",
           SCHEDULER), Kind.NOT_THE_IMAGE),
    (_task("Task stopped by user", "UserInitiated", exit_code=137), Kind.NOT_THE_IMAGE),
    (_task("Scaling activity initiated by (deployment ecs-svc/123)", SCHEDULER, exit_code=143),
     Kind.NOT_THE_IMAGE),
    (_exit(137, container_reason="OutOfMemoryError: Container killed due to memory usage"),
     Kind.OUT_OF_MEMORY),
    (_task("Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:x)",
           SCHEDULER, container="web", exit_code=137), Kind.UNHEALTHY_TARGET),
    (_task("Task failed container health checks", SCHEDULER, exit_code=137),
     Kind.UNHEALTHY_CONTAINER),
    (_task("Task stopped for some new reason", SCHEDULER, exit_code=1), Kind.UNKNOWN),
    (_task(f"{PULL}image Manifest does not contain descriptor matching platform 'linux/amd64'"),
     Kind.WRONG_ARCHITECTURE),
    (_exit(255, container_reason=f'{START}exec: "/app": exec format error: unknown'),
     Kind.WRONG_ARCHITECTURE),
    (_task(f"CannotPullContainerError: The task cannot pull {URI}@{DIGEST} from the registry. "
           "There is a connection issue between the task and the registry. Check your task network "
           "configuration. : failed to copy: httpReadSeeker: not found"), Kind.PULL_FAILED),
    (_task(f"{PULL}failed to resolve ref {URI}: failed to do request: Head: {NETWORK_TIMEOUT}"),
     Kind.PULL_FAILED),
    (_task("CannotPullContainerError: API error (500): Get https://x/v2/: net/http: request "
           "canceled while waiting for connection"), Kind.PULL_FAILED),
    (_task("CannotPullContainerError: context canceled"), Kind.PULL_FAILED),
    (_task("CannotPullContainerError: toomanyrequests: You have reached your pull rate limit."),
     Kind.PULL_FAILED),
    (_task("CannotPullContainerError: write /var/lib/docker/tmp/x: no space left on device"),
     Kind.DISK_FULL),
    (_task("Task failed to start", container="web", container_reason="CannotPullContainerError: "
           "The task can't pull the image. Check that the role has the permissions to pull images "
           f"from the registry. pull access denied for {URI}, repository does not exist or may "
           f"require 'docker login': denied: {USER}ecr:BatchGetImage"), Kind.PULL_DENIED),
    (_task(f"{PULL}failed to resolve ref {URI}: unexpected status: 403 Forbidden"),
     Kind.PULL_DENIED),
    (_task(f"CannotPullContainerError: repository {URI} not found: does not exist or no pull "
           "access"), Kind.PULL_DENIED),
    (_task(f"{AUTH}unable to retrieve ecr registry auth: service call has been retried 1 time(s): "
           f"AccessDeniedException: {USER}ecr:GetAuthorizationToken"), Kind.PULL_DENIED),
    (_task(f"{PULL}failed to resolve ref {URI}@{DIGEST}: {URI}@{DIGEST}: not found"),
     Kind.IMAGE_NOT_FOUND),
    (_task(f"CannotPullContainerError: API error (404): repository {URI} not found"),
     Kind.IMAGE_NOT_FOUND),
    (_task(f"CannotPullContainerError: manifest for {URI}:x not found: manifest unknown"),
     Kind.IMAGE_NOT_FOUND),
    (_task("CannotPullContainerError: ref pull has been retried 1 time(s): number of layers and "
           "diffIDs don't match: 3 != 15"), Kind.PULL_FAILED),
    (_task(f"{INIT}failed to invoke EFS utils commands to set up EFS volumes: stderr: Mount attempt"
           " 1/3 failed due to timeout after 15 sec"), Kind.VOLUME),
    (_task(f"{AUTH}unable to retrieve ecr registry auth: RequestError: {NETWORK_TIMEOUT}"),
     Kind.UNREACHABLE),
    (_task(f"{INIT}failed to validate logger args: The task cannot find the Amazon CloudWatch log "
           "group defined in the task definition. There is a connection issue between the task and "
           "Amazon CloudWatch. Check your network configuration. : signal: killed"),
     Kind.UNREACHABLE),
    (_task("ECS was unable to assume the role 'arn:aws:iam::123456789012:role/x' that was provided "
           "for this task."), Kind.ROLE_NOT_ASSUMABLE),
    (_task(f"{AUTH}unable to retrieve secret from asm: AccessDeniedException: {USER}"
           "secretsmanager:GetSecretValue"), Kind.SECRET_DENIED),
    (_task(f"{INIT}{USER}secretsmanager:GetSecretValue on resource: x"), Kind.SECRET_DENIED),
    (_task(f"{AUTH}unable to retrieve secrets from ssm: ResourceNotFoundException"),
     Kind.SECRET_MISSING),
    (_task(f"{AUTH}unable to retrieve secret from asm: service call has been retried 1 time(s): "
           "failed to fetch secret arn:x from secrets manager: ResourceNotFoundException: Secrets "
           "Manager can't find the specified secret."), Kind.SECRET_MISSING),
    (_task(f"{AUTH}unable to retrieve secret from asm: retrieved secret from Secrets Manager did "
           "not contain json key DATABASE_URL"), Kind.SECRET_MISSING),
    (_task(f"{AUTH}unable to retrieve secrets from ssm: invalid ssm parameters: /prod/x"),
     Kind.SECRET_MISSING),
    (_task(f"{INIT}failed to validate logger args: create stream has been retried 1 times: failed "
           "to create Cloudwatch log stream: ResourceNotFoundException: The specified log group "
           "does not exist."), Kind.LOG_GROUP_MISSING),
    (_task(f"{INIT}failed to validate logger args: AccessDeniedException: {USER}"
           "logs:CreateLogStream"), Kind.LOGGING_FAILED),
    (_task(f"{ENI}Create Network Interface in subnet 's': InsufficientFreeAddressesInSubnet"),
     Kind.NO_IP_ADDRESS),
    (_task(f"{ENI}Create Network Interface with public IP assignment enabled in subnet 'subnet-1'"),
     Kind.NO_IP_ADDRESS),
    (_task("Timeout waiting for network interface provisioning to complete."),
     Kind.NETWORK_INTERFACE),
    (_task(f"{ENI}tag the network interface: TagPolicyViolation"), Kind.NETWORK_INTERFACE),
    (_task("Capacity is unavailable at this time. Please try again later or in a different "
           "availability zone"), Kind.NO_CAPACITY),
    (_task("Task failed to start", container="web", exit_code=127, container_reason=(
        f'{START}unable to start container process: exec: "uvicorn": executable file not found in '
        "$PATH: unknown")), Kind.COMMAND_NOT_FOUND),
    (_task("CannotStartContainerError: ResourceInitializationError: failed to create new container "
           'runtime task: OCI runtime create failed: starting container process caused: exec: '
           '"/opt/run.sh": stat /opt/run.sh: no such file or direct...'), Kind.COMMAND_NOT_FOUND),
    (_task(f'{START}unable to start container process: exec: "/run.sh": permission denied'),
     Kind.COMMAND_NOT_FOUND),
    (_task("ContainerRuntimeTimeoutError: Could not transition to running; timed out after waiting "
           "1m"), Kind.START_TIMED_OUT),
    (_task(f'{START}error mounting "/x" to rootfs at "/y": no such file or directory'),
     Kind.CANNOT_START),
    (_exit(127), Kind.COMMAND_NOT_FOUND),
    (_exit(126), Kind.COMMAND_NOT_FOUND),
    (_exit(0), Kind.EXITED),
    (_exit(137), Kind.KILLED),
    (_exit(143), Kind.KILLED),
    (_exit(1), Kind.CRASHED),
    (_exit(139), Kind.CRASHED),
    (_exit(-1073741515), Kind.CRASHED),
    (_task("Task failed to start"), Kind.UNKNOWN),
    (_task("Essential container in task exited", EXITED), Kind.UNKNOWN),
    (_task("", ""), Kind.UNKNOWN),
]  # fmt: skip
NOT_PLACED = "(service web) was unable to place a task because no container instance met all of " \
    "its requirements. The closest matching container-instance 0a1b "  # fmt: skip
PLACEMENTS = [
    ("RESOURCE:ENI", Kind.NO_IP_ADDRESS),
    ("RESOURCE:CPU", Kind.NO_CAPACITY),
    (f"{NOT_PLACED}has insufficient CPU units available.", Kind.NO_CAPACITY),
    ("RESOURCE:MEMORY", Kind.NO_CAPACITY),
    (f"{NOT_PLACED}has insufficient memory available.", Kind.NO_CAPACITY),
    ("RESOURCE:GPU", Kind.NO_CAPACITY),
    ("RESOURCE:PORTS", Kind.NO_CAPACITY),
    (f"{NOT_PLACED}is already using a port required by your task.", Kind.NO_CAPACITY),
    ("AGENT", Kind.NO_CAPACITY),
    (f'{NOT_PLACED}encountered error "AGENT".', Kind.NO_CAPACITY),
    ("No Container Instances were found in your cluster.", Kind.NO_CAPACITY),
    (f"{NOT_PLACED}is missing an attribute required by your task.", Kind.NO_CAPACITY),
    (f'{NOT_PLACED}encountered error "MemberOf placement constraint unsatisfied."',
     Kind.NO_CAPACITY),
    ("(service web) was unable to place a task. Reason: You've reached the limit on the number of "
     "vCPUs you can run concurrently", Kind.NO_CAPACITY),
    ("(service web) was unable to place a task. Reason: Capacity is unavailable at this time. "
     "Please try again later or in a different availability zone.", Kind.NO_CAPACITY),
    ("(service web) was unable to place a task because of something new.", Kind.NO_CAPACITY),
    ("(service web) failed to launch a task with (error ECS was unable to assume the role 'x' that "
     "was provided for this task.)", Kind.ROLE_NOT_ASSUMABLE),
    (f"(service web) was unable to place a task. Reason: {AUTH}unable to retrieve secrets from "
     "ssm: invalid ssm parameters: /x.", Kind.SECRET_MISSING),
    ("(service web) (task 1) (port 80) is unhealthy in (target-group web) due to (reason Health "
     "checks failed with these codes: [502]).", Kind.UNHEALTHY_TARGET),
    ("(service web) has started 1 tasks: (task 1).", Kind.UNKNOWN),
]  # fmt: skip


@pytest.mark.parametrize(("task", "kind"), TASKS)
def test_a_message_of_ecs_has_its_kind(task: StoppedTask, kind: Kind) -> None:
    assert classify(task).kind is kind


@pytest.mark.parametrize(("reason", "kind"), PLACEMENTS)
def test_a_placement_failure_has_its_kind(reason: str, kind: Kind) -> None:
    assert classify_placement(reason).kind is kind


def test_every_row_is_reached_by_a_message() -> None:
    reached = [row_of(task) for task, _ in TASKS]
    reached += [row_of(_task(reason, ""), table()[:-1]) for reason, _ in PLACEMENTS]
    assert [row for row in table() if row not in reached] == []
    assert set(Kind) == {row.kind for row in reached}


@pytest.mark.parametrize(
    ("first", "second", "kind"),
    [
        ("Scaling activity initiated by (deployment x)", "OutOfMemoryError", Kind.NOT_THE_IMAGE),
        ("OutOfMemoryError: x", "Task failed ELB health checks in (x)", Kind.OUT_OF_MEMORY),
        (f"{PULL}i/o timeout", "not found", Kind.PULL_FAILED),
        (f"{PULL}403 Forbidden", "not found", Kind.PULL_DENIED),
        (f"{INIT}connection issue", "log group does not exist", Kind.UNREACHABLE),
        (f"{INIT}x", "exec format error", Kind.WRONG_ARCHITECTURE),
    ],
)
def test_where_two_rows_match_the_first_one_answers(first: str, second: str, kind: Kind) -> None:
    assert classify(_task(first, container_reason=second)).kind is kind


# Each may pass by itself, so none may be called certain because "not found" follows or precedes.
@pytest.mark.parametrize(
    "trouble",
    [
        "There is a connection issue", "Check your task network configuration",
        "Check your network configuration", "i/o timeout", "timed out", "dial tcp 10.0.0.1:443",
        "context canceled", "context deadline exceeded", "request canceled", "requestcanceled",
        "connection refused", "connection reset by peer", "no such host", "signal: killed",
        "unexpected EOF", "server misbehaving", "RequestError: send request failed",
        "unexpected status: 503", "unexpected status code: 500",
    ],
)  # fmt: skip
def test_trouble_of_the_network_is_never_certain(trouble: str) -> None:
    for message, kind in ((PULL, Kind.PULL_FAILED), (INIT, Kind.UNREACHABLE)):
        cause = classify(_task(f"{message}{trouble}: manifest not found, ParameterNotFound"))
        assert (cause.kind, cause.deterministic) == (kind, False)


@pytest.mark.parametrize("second", ["not found", "dial tcp", "403 Forbidden"])
def test_what_comes_before_its_error_does_not_explain_it(second: str) -> None:
    assert classify(_task(f"{second}: {PULL}")).kind is Kind.PULL_FAILED
    assert "was not reached" not in classify(_task(f"{second}: {PULL}")).sentence


def test_who_stopped_a_task_comes_before_how_it_ended() -> None:
    for stop_code in ("SpotInterruption", "TerminationNotice", "InfrastructureHealth",
                      "UserInitiated"):  # fmt: skip
        for task, _ in TASKS:
            cause = classify(task.model_copy(update={"stop_code": stop_code}))
            assert cause.kind is Kind.NOT_THE_IMAGE
            assert not cause.blames_image


@pytest.mark.parametrize(
    ("task", "sentence"),
    [
        (_exit(1), "container web exited with code 1"),
        (_exit(139), "container web exited with code 139 (crashed, SIGSEGV)"),
        (_exit(127), "container web exited with code 127 (the command was not found)"),
        (_exit(0), "container web ended by itself with exit code 0"),
        (_task("", EXITED, exit_code=2), "a container exited with code 2"),
        (_task("Something\nnew", ""),
         "ended for a reason that Slipway does not know: Something new"),
        (_task("", ""), "ended for a reason that Slipway does not know: nothing"),
        (_task("token=abc", SCHEDULER), f"ECS stopped the task: {SCHEDULER}; token=***"),
    ],
)  # fmt: skip
def test_a_sentence_names_container_code_signal_and_what_was_seen(
    task: StoppedTask, sentence: str
) -> None:
    assert classify(task).sentence == sentence


ANY = st.text() | st.sampled_from(
    [task.reason for task, _ in TASKS] + [reason for reason, _ in PLACEMENTS] + ["{x}", "{0}", "%s"]
)
ANY_TASK = st.builds(
    StoppedTask,
    id=st.just("1"),
    stop_code=st.text() | st.sampled_from([FAILED, EXITED, SCHEDULER, "UserInitiated"]),
    reason=ANY,
    container=ANY,
    container_reason=ANY,
    exit_code=st.none() | st.integers(),
)


def _is_one_readable_line(cause: FailureCause) -> bool:
    return cause.sentence.isprintable() and 0 < len(cause.sentence) < 350 and bool(cause.advice)


@given(ANY_TASK)
def test_any_task_has_a_cause(task: StoppedTask) -> None:
    assert _is_one_readable_line(classify(task))
    assert len(said(task, 50)) <= 50


@given(ANY)
def test_any_placement_reason_has_a_cause(reason: str) -> None:
    assert _is_one_readable_line(classify_placement(reason))


def test_what_is_said_is_cut_in_its_middle() -> None:
    told = said(_task(f"CannotPullContainerError: {'x' * 500}: not found", ""), 60)
    assert len(told) == 60
    assert told.startswith("CannotPullContainerError: ")
    assert told.endswith(": not found")


def test_of_a_megabyte_of_reason_only_the_beginning_is_read() -> None:
    assert classify(_task("CannotPull exec: " * 60_000)).kind is Kind.PULL_FAILED

"""The table of failure causes: what the texts of ECS mean, in words, and whether it may heal.

To add a cause, add a row here and its message to tests/explain/test_classify.py. The first row that
matches is the answer, so the order matters. Texts that end a task for reasons outside of the image
come first, then the narrow patterns, then the wide ones. Where a message could mean trouble of the
network or a cause that is certain, the network wins, because a certain cause ends a rollout.

Pages named in the table are chapters of the Amazon ECS developer guide.
"""

from __future__ import annotations

from enum import StrEnum

from chalicelib.model.base import Frozen


class Kind(StrEnum):
    """What ended a task, or kept it from being placed."""

    NOT_THE_IMAGE = "NOT_THE_IMAGE"
    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    UNHEALTHY_TARGET = "UNHEALTHY_TARGET"
    UNHEALTHY_CONTAINER = "UNHEALTHY_CONTAINER"
    WRONG_ARCHITECTURE = "WRONG_ARCHITECTURE"
    PULL_FAILED = "PULL_FAILED"
    PULL_DENIED = "PULL_DENIED"
    IMAGE_NOT_FOUND = "IMAGE_NOT_FOUND"
    DISK_FULL = "DISK_FULL"
    VOLUME = "VOLUME"
    UNREACHABLE = "UNREACHABLE"
    ROLE_NOT_ASSUMABLE = "ROLE_NOT_ASSUMABLE"
    SECRET_DENIED = "SECRET_DENIED"  # noqa: S105 - a kind, not a secret
    SECRET_MISSING = "SECRET_MISSING"  # noqa: S105 - as above
    LOG_GROUP_MISSING = "LOG_GROUP_MISSING"
    LOGGING_FAILED = "LOGGING_FAILED"
    NO_IP_ADDRESS = "NO_IP_ADDRESS"
    NETWORK_INTERFACE = "NETWORK_INTERFACE"
    NO_CAPACITY = "NO_CAPACITY"
    COMMAND_NOT_FOUND = "COMMAND_NOT_FOUND"
    START_TIMED_OUT = "START_TIMED_OUT"
    CANNOT_START = "CANNOT_START"
    EXITED = "EXITED"
    KILLED = "KILLED"
    CRASHED = "CRASHED"
    UNKNOWN = "UNKNOWN"


class Row(Frozen):
    """One line of the table: it matches a task in which every pattern that it gives is found.

    `stop_code` and `code` (the exit code) are looked for in those fields, `text` in the reasons of
    the task and of its container, `then` in what follows `text` there. So no pattern needs `.*`,
    which reads a text once for every place where it may begin.

    `sentence` says what happened, in a clause; `{…}` in it is filled in. `advice` says what to do
    next, in whole sentences. `deterministic`: whatever is retried, it fails again. `blames_image`:
    that it happened says something about what was deployed. That is not so for Spot, hosts,
    people, scaling, or a lack of capacity.
    """

    kind: Kind
    sentence: str
    advice: str
    stop_code: str = ""
    text: str = ""
    then: str = ""
    code: str = ""
    deterministic: bool = False
    blames_image: bool = True


_NETWORK = (
    r"connection issue|check your (task )?network configuration|timeout|timed out|dial tcp|"
    r"context (canceled|deadline)|request ?canceled|connection (refused|reset)|no such host|"
    r"signal: killed|unexpected EOF|server misbehaving|RequestError|status( code)?:? 5\d\d"
)
_DENIED = r"access ?denied|not authorized|403 Forbidden|401 Unauthorized"
_READING_SECRETS = r"retrieve secrets? from|fetch(ing)? secret"
_SECRET_CALLS = r"secretsmanager:Get|ssm:Get|kms:Decrypt"  # noqa: S105 - a pattern
_ROUTE = (
    "Give the task's subnets a route: a NAT gateway, a public IP address, or VPC endpoints "
    "(ecr.api, ecr.dkr, s3, logs, secretsmanager, ssm). The task's security group must allow port "
    "443 out; the endpoints' groups must allow it in."
)
_EXECUTION_ROLE = "the execution role (`executionRoleArn`; on EC2 hosts without one, the host's)"
ITS_LOG = "The last log lines say why; run the image locally with the same environment."
# Of a `before` or `after` task.
COMMANDS_LOG = "The last log lines say why; run the same command on a copy of the data."
_NOTHING = "Nothing: ECS starts another task."

ROWS: tuple[Row, ...] = (
    # API reference, Task `stopCode`; "Amazon ECS task state change events".
    Row(
        kind=Kind.NOT_THE_IMAGE, stop_code=r"^SpotInterruption$", blames_image=False,
        sentence="AWS took the Spot capacity back", advice=_NOTHING,
    ),
    Row(
        kind=Kind.NOT_THE_IMAGE, text=r"Spot (task|instance) was interrupted", blames_image=False,
        sentence="AWS took the Spot capacity back", advice=_NOTHING,
    ),
    Row(
        kind=Kind.NOT_THE_IMAGE, stop_code=r"^TerminationNotice$", blames_image=False,
        sentence="the host was stopped or taken away", advice=_NOTHING,
    ),
    # "Viewing Amazon ECS stopped task errors": stopped reasons.
    Row(
        kind=Kind.NOT_THE_IMAGE, blames_image=False,
        text=r"^Host EC2 \(instance|^Container instance deregistration forced",
        sentence="the host was stopped or taken away", advice=_NOTHING,
    ),
    Row(
        kind=Kind.NOT_THE_IMAGE, stop_code=r"^InfrastructureHealth$", blames_image=False,
        sentence="the host failed", advice=_NOTHING,
    ),
    # "Task retirement and maintenance for AWS Fargate on Amazon ECS".
    Row(
        kind=Kind.NOT_THE_IMAGE, text=r"performing maintenance on the underlying infrastructure",
        sentence="the host was taken away for maintenance", advice=_NOTHING, blames_image=False,
    ),
    Row(
        kind=Kind.NOT_THE_IMAGE, stop_code=r"^UserInitiated$", blames_image=False,
        sentence="somebody stopped the task (StopTask)",
        advice="CloudTrail's event StopTask names who did it; ECS starts another task.",
    ),
    # "Viewing Amazon ECS stopped task errors"; "Balancing an Amazon ECS service across
    # Availability Zones".
    Row(
        kind=Kind.NOT_THE_IMAGE, text=r"^Scaling activity initiated by|Availability Zone rebalanc",
        sentence="the service scaled in or replaced the task", advice=_NOTHING, blames_image=False,
    ),
    # "Amazon ECS stopped tasks error codes": OutOfMemoryError.
    Row(
        kind=Kind.OUT_OF_MEMORY, text=r"OutOfMemory|OOMKilled|out of memory|due to memory usage",
        sentence="{container} was killed: it used more memory than it may",
        advice=(
            "Raise `memory` (of the task, or of the container where it has its own limit), or make "
            "the application use less; a JVM or Node heap limit must lie below it."
        ),
    ),
    # "Viewing Amazon ECS stopped task errors"; "Troubleshooting service load balancers in Amazon
    # ECS". Also the service event `... is unhealthy in (target-group ...)`.
    Row(
        kind=Kind.UNHEALTHY_TARGET,
        text=r"failed ELB health checks|is unhealthy in \(?(target-group|elb)",
        sentence="the load balancer's health checks failed",
        advice=(
            "Compare the target group's path, port and codes with what the application answers; "
            "let the load balancer's security group reach the task's port; if it starts slowly, "
            "raise the service's `healthCheckGracePeriodSeconds`."
        ),
    ),
    # "Viewing Amazon ECS stopped task errors"; "Determine Amazon ECS task health using container
    # health checks".
    Row(
        kind=Kind.UNHEALTHY_CONTAINER, text=r"failed container health checks",
        sentence="the container health check failed",
        advice=(
            "Run `healthCheck.command` inside of the image: its tool (curl, wget) must be there; "
            "if it starts slowly, raise `healthCheck.startPeriod`."
        ),
    ),
    # API reference, Task `stopCode`: by itself it says nothing about the image.
    Row(
        kind=Kind.UNKNOWN, stop_code=r"^ServiceSchedulerInitiated$", blames_image=False,
        sentence="ECS stopped the task: {said}",
        advice="See the service's events.",
    ),
    # "CannotPullContainer task errors"; re:Post, "ecs-task-exec-format-error".
    Row(
        kind=Kind.WRONG_ARCHITECTURE, deterministic=True,
        text=r"exec format error|descriptor matching platform|no match(ing manifest)? for (platform"
             r"|linux|windows)",
        sentence="the image is built for another CPU architecture",
        advice=(
            "Build it for what the task runs on (`docker buildx build --platform linux/amd64`, or "
            "linux/arm64), or set `runtimePlatform.cpuArchitecture` in the task definition."
        ),
    ),
    # "CannotPullContainer task errors": connection issue, request canceled, context canceled.
    Row(
        kind=Kind.PULL_FAILED, text=r"CannotPull", then=_NETWORK,
        sentence="the image could not be pulled: its registry was not reached", advice=_ROUTE,
    ),
    # "CannotPullContainer task errors": toomanyrequests.
    Row(
        kind=Kind.PULL_FAILED, text=r"toomanyrequests|too many requests|pull rate limit",
        sentence="the image could not be pulled: its registry limits the rate",
        advice=(
            "Use an ECR pull-through cache, or log in to the registry (`repositoryCredentials`)."
        ),
    ),
    # "CannotPullContainer task errors": no space left on device.
    Row(
        kind=Kind.DISK_FULL, text=r"no space left on device",
        sentence="the disk is full",
        advice="Raise `ephemeralStorage.sizeInGiB` (Fargate), or free the host's disk (EC2).",
    ),
    # "CannotPullContainer task errors": role has the permissions, pull access denied. Docker also
    # says "does not exist or no pull access": not certain, so it is not called missing.
    *(
        Row(
            kind=Kind.PULL_DENIED, text=text, then=then,
            sentence="the image could not be pulled: access was denied",
            advice=(
                f"Allow {_EXECUTION_ROLE} to call ecr:GetAuthorizationToken, ecr:BatchGetImage and "
                "ecr:GetDownloadUrlForLayer. Check the repository's policy too."
            ),
        )
        for text, then in (
            (r"CannotPull",
             rf"{_DENIED}|no basic auth|no pull access|permissions to pull|denied:"
             r"|authorization (failed|token has expired)|insufficient_scope"),
            (r"retrieve ecr registry auth", _DENIED),
        )
    ),
    # "CannotPullContainer task errors": failed to resolve ref, API error (404).
    Row(
        kind=Kind.IMAGE_NOT_FOUND, deterministic=True,
        text=r"CannotPull",
        then=r"not found|manifest unknown|name unknown|does not exist|no such image|\(404\)"
             r"|invalid reference format",
        sentence="the image is not in its registry",
        advice=(
            "Look for it with `aws ecr describe-images --repository-name … --image-ids "
            "imageDigest=…`; a lifecycle policy or a person may have deleted it. Push it again."
        ),
    ),
    Row(
        kind=Kind.PULL_FAILED, text=r"CannotPull|pull command failed",
        sentence="the image could not be pulled",
        advice="What ECS says, below, names the image and why.",
    ),
    # "ResourceInitializationError errors": EFS; "Amazon ECS stopped tasks error codes":
    # CannotCreateVolumeError.
    Row(
        kind=Kind.VOLUME,
        text=r"\bEFS (utils|volume)|mount\.nfs|CannotCreateVolume|VolumeError|EBS volume"
             r"|EphemeralStorage provisioning",
        sentence="a volume could not be attached",
        advice=(
            "Check that the file system and its path exist, that its security group allows port "
            "2049 from the task, and that the task role may mount it."
        ),
    ),
    # "ResourceInitializationError errors": connection issue. It also claims that a log group or a
    # secret cannot be found, so it comes before those.
    Row(
        kind=Kind.UNREACHABLE, text=r"ResourceInitializationError", then=_NETWORK,
        sentence="an AWS service that the task needs was not reached", advice=_ROUTE,
    ),
    # "Viewing Amazon ECS service event messages"; "Amazon ECS task execution IAM role".
    Row(
        kind=Kind.ROLE_NOT_ASSUMABLE, deterministic=True,
        text=r"unable to assume|cannot assume|failed to assume|perform: sts:AssumeRole",
        sentence="ECS cannot assume the task's role",
        advice=(
            "Check that `taskRoleArn` and `executionRoleArn` exist and that their trust policies "
            "name ecs-tasks.amazonaws.com."
        ),
    ),
    # "ResourceInitializationError errors": unable to pull secrets.
    *(
        Row(
            kind=Kind.SECRET_DENIED, text=text, then=then,
            sentence="a secret may not be read",
            advice=(
                f"Allow {_EXECUTION_ROLE} to call secretsmanager:GetSecretValue or "
                "ssm:GetParameters on it, and kms:Decrypt on its key."
            ),
        )
        for text, then in (
            (rf"{_READING_SECRETS}|{_SECRET_CALLS}", _DENIED),
            (_DENIED, _SECRET_CALLS),
        )
    ),
    # "ResourceInitializationError errors"; "Pass Secrets Manager secrets through Amazon ECS
    # environment variables".
    *(
        Row(
            kind=Kind.SECRET_MISSING, deterministic=True, text=text, then=then,
            sentence="a secret or parameter of the task definition does not exist",
            advice=(
                "Create it, or correct the `valueFrom` in the container's `secrets` (its region, "
                "account and JSON key too)."
            ),
        )
        for text, then in (
            (r"did not contain json key|invalid ssm parameters|ParameterNotFound"
             r"|can't find the specified secret|marked for deletion", ""),
            (_READING_SECRETS, r"ResourceNotFoundException"),
        )
    ),
    # "ResourceInitializationError errors": failed to validate logger args.
    Row(
        kind=Kind.LOG_GROUP_MISSING, deterministic=True,
        text=r"log group (does not|doesn't) exist|cannot find the Amazon CloudWatch log group",
        sentence="the log group does not exist",
        advice=(
            "Create the `awslogs-group` that the task definition names, in its `awslogs-region` "
            "(`aws logs create-log-group --log-group-name …`)."
        ),
    ),
    Row(
        kind=Kind.LOGGING_FAILED,
        text=r"logger args|logging driver|awslogs|Cloudwatch log|perform: logs:",
        sentence="the log driver could not be set up",
        advice=(
            f"Check the container's `logConfiguration`. Allow {_EXECUTION_ROLE} to call "
            "logs:CreateLogStream and logs:PutLogEvents."
        ),
    ),
    # "TaskFailedToStart errors": Unexpected EC2 error while attempting to Create Network Interface.
    Row(
        kind=Kind.NO_IP_ADDRESS, blames_image=False,
        text=r"free (IP )?addresses|InsufficientFreeAddresses"
             r"|Create Network Interface with public IP assignment",
        sentence="no IP address is free in the subnet",
        advice="Give the service larger or more subnets, or free addresses in these.",
    ),
    # "TaskFailedToStart errors": InternalError, unable to attach; re:Post,
    # "ecs-fargate-network-interface-errors".
    Row(
        kind=Kind.NETWORK_INTERFACE, blames_image=False,
        text=r"network interface|configure ENI|^InternalError",
        sentence="AWS did not attach a network interface in time",
        advice="It usually passes by itself. If not, check EC2's limits and tag policies.",
    ),
    # "Viewing Amazon ECS service event messages"; "Amazon ECS API failure reasons".
    Row(
        kind=Kind.NO_CAPACITY, blames_image=False,
        text=r"^RESOURCE:|capacity is unavailable|insufficient (cpu|memory|gpu)|^AGENT$",
        sentence="there was no capacity",
        advice="Add hosts, Availability Zones or subnets, or ask for less `cpu` and `memory`.",
    ),
    # "CannotStartContainerError errors"; runc's texts as container runtimes pass them on.
    Row(
        kind=Kind.COMMAND_NOT_FOUND, deterministic=True,
        text=r"executable file not found"
             r"|\bexec:? .{0,300}(no such file|permission denied|is a directory)",
        sentence="the command is not in the image, or cannot be executed",
        advice=(
            "Compare `command` and `entryPoint` of the task definition with the image's. The file "
            "must exist and be executable (chmod +x); its first line must name an interpreter that "
            "the image has."
        ),
    ),
    # "Amazon ECS stopped tasks error codes": ContainerRuntimeTimeoutError, DockerTimeoutError.
    Row(
        kind=Kind.START_TIMED_OUT, text=r"TimeoutError|could not transition to",
        sentence="the container did not start or stop in time",
        advice="Check the host's load, and the container's `startTimeout` and `stopTimeout`.",
    ),
    # "CannotStartContainerError errors", "CannotCreateContainerError errors".
    Row(
        kind=Kind.CANNOT_START,
        text=r"Cannot(Start|Create|Inspect)Container|OCI runtime|shim task|ContainerRuntimeError",
        sentence="the container could not be started",
        advice="What ECS says, below, names the setting: a mount, a port, a device, a user.",
    ),
    # POSIX, "Exit Status for Commands": 126 not executable, 127 not found. The files of one image
    # do not change, so neither does this.
    Row(
        kind=Kind.COMMAND_NOT_FOUND, code=r"^12[67]$", deterministic=True,
        sentence="{container} exited with code {code}{meaning}",
        advice=(
            "Compare `command` and `entryPoint` of the task definition with the image's; a missing "
            "library or script interpreter ends the same way."
        ),
    ),
    # re:Post, "ecs-task-stopped": common exit codes.
    Row(
        kind=Kind.EXITED, code=r"^0$",
        sentence="{container} ended by itself with exit code 0",
        advice=(
            "A service's container must keep running: start the server in the foreground, or set "
            "`essential` to false if its work is done by then."
        ),
    ),
    Row(
        kind=Kind.KILLED, code=r"^(137|143)$",
        sentence="{container} exited with code {code}{meaning}",
        advice=(
            "It was killed from outside: too little memory, or it did not stop within "
            "`stopTimeout`. Compare its memory use with its limit."
        ),
    ),
    Row(
        kind=Kind.CRASHED, code=r"^-?[0-9]+$",
        sentence="{container} exited with code {code}{meaning}", advice=ITS_LOG,
    ),
)  # fmt: skip

UNKNOWN = Row(
    kind=Kind.UNKNOWN,
    sentence="ended for a reason that Slipway does not know: {said}",
    advice="See the stopped task with `aws ecs describe-tasks`; ECS keeps it for an hour.",
)

# "Viewing Amazon ECS service event messages"; "Amazon ECS API failure reasons" (RunTask).
PLACEMENT_ROWS: tuple[Row, ...] = (
    Row(
        kind=Kind.NO_IP_ADDRESS, text=r"\bENI\b", blames_image=False,
        sentence="no host has a free network interface (ENI)",
        advice="Add hosts, use a larger instance type, or opt in to `awsvpcTrunking`.",
    ),
    Row(
        kind=Kind.NO_CAPACITY, text=r"RESOURCE:CPU|insufficient cpu", blames_image=False,
        sentence="no host has enough free CPU",
        advice="Add hosts, or ask for less `cpu` in the task definition.",
    ),
    Row(
        kind=Kind.NO_CAPACITY, text=r"RESOURCE:MEM|insufficient memory", blames_image=False,
        sentence="no host has enough free memory",
        advice="Add hosts, or ask for less `memory` in the task definition.",
    ),
    Row(
        kind=Kind.NO_CAPACITY, text=r"RESOURCE:GPU|insufficient gpu", blames_image=False,
        sentence="no host has a free GPU",
        advice="Add hosts with GPUs.",
    ),
    Row(
        kind=Kind.NO_CAPACITY, blames_image=False,
        text=r"RESOURCE:\w*PORT|using a port required|too many ports",
        sentence="no host has the task's port free",
        advice="Set `hostPort` to 0 (a dynamic port), or add hosts.",
    ),
    Row(
        kind=Kind.NO_CAPACITY, text=r"^AGENT$|error \"?AGENT\b", blames_image=False,
        sentence="the ECS agent of the closest host is disconnected",
        advice="Restart it there (`sudo systemctl restart ecs`), or replace the host.",
    ),
    Row(
        kind=Kind.NO_CAPACITY, text=r"no (active )?container instances?( were)? (found|in )"
                                    r"|^EMPTY CLUSTER", blames_image=False,
        sentence="the cluster has no hosts",
        advice="Start container instances, or name a capacity provider that does.",
    ),
    Row(
        kind=Kind.NO_CAPACITY, blames_image=False,
        text=r"missing an attribute|^ATTRIBUTE|placement constraint|MemberOf",
        sentence="no host has what the task requires (an attribute or a placement constraint)",
        advice=(
            "Compare `requiresAttributes` and the placement constraints with the hosts: log "
            "drivers, CPU architecture, subnet, agent version."
        ),
    ),
    Row(
        kind=Kind.NO_CAPACITY, text=r"limit on the number of|above your limit", blames_image=False,
        sentence="the account's Fargate quota is reached",
        advice="Ask for more in Service Quotas (Fargate vCPUs), or stop what is not needed.",
    ),
    Row(
        kind=Kind.NO_CAPACITY, text=r"capacity is unavailable", blames_image=False,
        sentence="AWS has no capacity in these zones now",
        advice="Deploy again later, or add subnets in other Availability Zones.",
    ),
)  # fmt: skip

NOT_PLACED = Row(
    kind=Kind.NO_CAPACITY, text=r"unable to place a task", blames_image=False,
    sentence="no host met the task's requirements",
    advice="The service's event says what was missing.",
)  # fmt: skip

# 128 + the signal's number: POSIX, "Exit Status for Commands".
EXIT_CODES = {
    126: "the command is not executable",
    127: "the command was not found",
    130: "interrupted, SIGINT",
    132: "illegal instruction, SIGILL",
    134: "aborted, SIGABRT",
    135: "bus error, SIGBUS",
    136: "arithmetic error, SIGFPE",
    137: "killed, SIGKILL",
    139: "crashed, SIGSEGV",
    141: "broken pipe, SIGPIPE",
    143: "stopped, SIGTERM",
}


def table() -> tuple[Row, ...]:
    """Every row in the order in which it is tried: those of placement failures first."""
    return (*PLACEMENT_ROWS, *ROWS, NOT_PLACED, UNKNOWN)

"""A simulated ECS: deployments of all strategies, tasks, breaker and rollbacks, on one clock.

Map, from the outside to the inside:
  `simulator` is what users of the simulation hold: `Ecs`. `faults` and `timings` are what they set,
  `programs` what overridden commands do.
  `backend` puts it in the place of moto's ECS. `rates` throttles. `lag` makes reads some seconds
  old; `past` remembers for it what was.
  `api/` answers requests. `region` has the services, tasks and task definitions of one region.
  `scheduler` looks at a service and starts and stops tasks, with the arithmetic of `rollout`;
  `placement` starts them, `reports` takes what they report, `throttle` delays starts after
  failures.
  `standalone` starts the tasks of RunTask, and takes what these report. `client_tokens` are its
  tokens.
  `lifecycle` moves all tasks through their states and tells an `observer`. `health` says when they
  pass their checks, `start_failures` why they do not start, `stop_reasons` has why they stop,
  `container_logs` writes their logs.
  `breaker` is the circuit breaker, `alarms` are CloudWatch's; `failures` is what follows from both:
  a rollback or a stop. `deployments` begins and completes.
  `strategy` has the steps of BLUE_GREEN, LINEAR and CANARY, `stages` moves deployments through
  them, `traffic` says who gets the traffic, `balancers` which target group a revision uses. `hooks`
  are lifecycle hooks as values, `hook_runs` runs them.
  `service`, `service_deployments`, `tasks`, `containers`, `definitions` are plain values.
  `express` says what Express Mode adds to a service.
  `events` tells EventBridge, `words` has ECS' texts, `views/` renders API shapes, `targets` is what
  load balancers say of tasks, `target_groups` how long a group's settings make them wait.

Documented by AWS (each module names its pages):
  task states and their order, stop codes, stopped reasons; minimum and maximum percent and their
  rounding; the circuit breaker's threshold, its two stages, its reset by a healthy task, its
  rollback to the last COMPLETED deployment under that deployment's own id, its stall without one;
  service deployment states and which follow which (a new deployment stops the one under way);
  StopServiceDeployment with ROLLBACK; throttling of tasks that never reach RUNNING; early success
  criteria; which settings need a deployment; the shapes of all events; response-only fields of
  task definitions; the rates of requests; of BLUE_GREEN, LINEAR and CANARY the stages, traffic
  weights, percents and minutes, and that both environments run until the clean-up; lifecycle hooks:
  their kinds, stages, payloads, answers, time-outs and events; ContinueServiceDeployment; of
  RunTask the parameters, which exclude each other, tags, groups, client tokens and their lives,
  that essential containers end their task, and that ListTasks takes `startedBy` alone.
Inferred (each module names its own):
  all durations but the 40 seconds in `Timings.documented`; that ECS starts tasks before it stops
  old ones where the maximum leaves room; which tasks fail besides those that never reach RUNNING;
  the wording of refusals, of alarms and of failed hooks; states after ABORT, after a rollback
  without a candidate and after a rollback that is superseded; defaults that ECS fills into task
  definitions; that UpdateService takes no revision for an Express service; of standalone tasks that
  a command ends after 8 seconds, that SIGTERM ends it with 143, and what `client_tokens`,
  `api/run_task` and `api/refused_tasks` name; that nothing is read from a cluster that is INACTIVE.
Inferred of BLUE_GREEN, LINEAR and CANARY:
  that SERVICE_DEPLOYMENT_IN_PROGRESS, COMPLETED and FAILED are sent for them too; `failedTasks` 0;
  the order of a rollback; a rollback out of the clean-up, which is accepted until SUCCESSFUL and
  scales blue up again first; that a deployment that an alarm stops without a rollback leaves both
  environments and the traffic as they are; what a first deployment does, and what one does that
  begins while another is under way; the stages of a rolling update with hooks.
AWS' pages disagree on whether the breaker acts on these strategies: `breaker` has a switch.
Not simulated:
  the weights in listener rules, `testTrafficRules` of Service Connect; whether a hook's role may
  invoke its function; the limit of 30 days for a whole deployment; alarms that went off before the
  scale-up; task sets of the EXTERNAL controller (refused or left empty); StartTask, container
  instances beyond their number, the repetition of SERVICE_STEADY_STATE; of RunTask the default
  strategies of clusters, whether a capacity provider is the cluster's, what provisioning by
  managed scaling does (a task stays PROVISIONING, or a ClientException), constraints and
  strategies of placement (accepted), EBS volumes (accepted), Fargate's quota of starts.
"""

from __future__ import annotations

from collections.abc import Iterable

from embedded.clock.clock import Clock
from embedded.services.ecs.backend import swap_in, write_logs
from embedded.services.ecs.faults import (
    Crash,
    Fault,
    Faults,
    HostLost,
    IgnoresSigterm,
    NoCapacity,
    OutOfMemory,
    PullError,
    SlowStart,
    StartError,
    UnhealthyContainer,
    UnhealthyTarget,
)
from embedded.services.ecs.lag import Lag
from embedded.services.ecs.names import Ids, Place
from embedded.services.ecs.programs import Exits
from embedded.services.ecs.rates import DOCUMENTED, Buckets, Rate
from embedded.services.ecs.simulation import AboutImage, Caller, Emit, InvokeLambda, Simulation
from embedded.services.ecs.simulator import Ecs
from embedded.services.ecs.target_groups import timings_behind
from embedded.services.ecs.timings import Timings

__all__ = [
    "Crash",
    "Ecs",
    "Exits",
    "Fault",
    "Faults",
    "HostLost",
    "IgnoresSigterm",
    "Lag",
    "NoCapacity",
    "OutOfMemory",
    "Place",
    "PullError",
    "Rate",
    "SlowStart",
    "StartError",
    "Timings",
    "UnhealthyContainer",
    "UnhealthyTarget",
    "install",
]


def install(  # noqa: PLR0913 - all but two are options
    clock: Clock,
    emit: Emit,
    *,
    timings: Timings | None = None,
    seed: int | None = None,
    pull_problem: AboutImage | None = None,
    image_digest: AboutImage | None = None,
    rates: Iterable[Rate] = DOCUMENTED,
    lag: Lag | None = None,
    breaker_beyond_rolling: bool = False,
    invoke_lambda: InvokeLambda | None = None,
    caller: Caller | None = None,
) -> Ecs:
    """Put the simulated ECS in the place of moto's, for all accounts and regions.

    `emit` gets complete EventBridge events at the simulated moment they happen. With a `seed` the
    identifiers are repeatable. `pull_problem(place, image)` may say why an image cannot be pulled,
    and `image_digest(place, image)` which digest its tag names; `embedded.services.ecr` has both,
    for the simulated ECR. `rates` limit the requests as ECS does; without any there is no limit.
    With a `lag`, reads may be some seconds old. With `breaker_beyond_rolling`, the circuit breaker
    acts on BLUE_GREEN, LINEAR and CANARY too. `invoke_lambda(arn, payload, tell)` runs the
    functions of lifecycle hooks that are not in `Ecs.hooks`, and tells each answer later.
    `caller(key)` says whose an access key is, by ARN: without it, everybody is the account's root.
    Undo with `uninstall()`, or use the answer as a context manager.
    """
    simulation = Simulation(
        clock=clock,
        emit=emit,
        timings=timings or Timings(),
        ids=Ids(seed),
        write_logs=write_logs,
        pull_problem=pull_problem,
        image_digest=image_digest,
        behind=timings_behind,
        breaker_beyond_rolling=breaker_beyond_rolling,
        invoke_lambda=invoke_lambda,
        caller=caller,
    )
    ecs = Ecs(simulation, Buckets(clock, rates), lag)
    swap_in(ecs)
    return ecs

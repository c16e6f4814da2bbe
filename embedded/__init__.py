"""The embedded AWS: one AWS account in one region, in one process. It knows nothing of Slipway.

Where to look:

- `account.py`: `EmbeddedAws`, which puts the rooms together, starts them and ends them.
- `clock/`: the one clock that everything waits on, and moto on that clock.
- `calls/`: an HTTP request becomes a `Call`: service, operation, parameters, and who calls.
- `gate/`: the way of a request to moto: `server.py` takes it, `request_gate.py` passes it on
  (faults, IAM, the lock, the record); `clients.py` makes boto3 clients.
- `iam/`: what a call needs (`actions/`), and whether the policies allow it (`evaluate.py`).
- `inspector.py`: which repositories Amazon Inspector scans.
- `services/`: a room for each service that is more than moto's:
  - `ecs/`: rollouts. The circuit breaker is `ecs/breaker.py`.
  - `ecr/`: images, scans and their events.
  - `events/`: EventBridge: `bus.py` matches rules, `targets.py` hands events on.
  - `scheduler/`: EventBridge Scheduler: `service.py` fires schedules.
  - `lambda_/`: functions in real processes.
  - `schedule_expressions.py`, `task_targets.py`, `read_lag.py`: what these two share.
  - `stepfunctions.py`, `sns.py`, `dynamodb.py`: moto's, with what moto lacks.
  - `cloudformation/`: deploys a package's template.

How an event reaches a Lambda function: `services/events/bus.py` (`emit`, `_to_targets`), then
`services/events/targets.py` (`deliver`), then `services/lambda_/queue.py` (`put`), then
`services/lambda_/service.py` (`invoke`), then `services/lambda_/environment.py` (`run`).
"""

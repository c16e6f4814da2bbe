"""Amazon EventBridge Scheduler: `service` keeps schedules and fires them, `targets` invokes.

- `schedule.py`: a schedule as it was written, and what reads show of it.
- `refusals.py`: what CreateSchedule and UpdateSchedule refuse.
- `api.py`: the operations.
- `store.py`: the account's schedules, as requests write and read them.
- `service.py`: the schedules on the clock, and the requests to them.
- `targets.py`: what a target is invoked with, and what becomes of a failure.
"""

from __future__ import annotations

from embedded.services.scheduler.service import FailedInvocation, Scheduler

__all__ = ["FailedInvocation", "Scheduler"]

"""A rule and a schedule that run a service's family, while Slipway and ecs-deploy deploy it.

- `job.py`: the rule and the schedule, what they are, and what they run.
- `cases.py`: what happens: a good image, a bad one, the way back, somebody else's change.
- `ways.py`: the ways to deploy: Slipway, and ecs-deploy's commands.
- `play.py`: plays one case on every way at once.
- `table.py`: the rows, and the table of them.
"""

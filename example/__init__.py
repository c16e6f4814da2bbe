"""The example account, and the rollouts that a deployment tool must judge rightly.

- `conflicto.py`: the account of the team conflicto: its repository, cluster and service.
- `scenario.py`: a `Scenario` is one rollout; a `Trial` plays it.
- `certainty.py`: the moment from which it is certain how a rollout ends.
- `acts.py`: what people, alarms and autoscaling do in scenarios.
- `strategies.py`: the scenarios of rollouts that move traffic.
- `scenarios.py`: those of rolling updates, and the list of all.
"""

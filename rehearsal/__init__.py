"""The rehearsal: plays Slipway on the simulated services in one process, on a virtual clock.

- `rehearsal.py`: `rehearse()` makes an account with Slipway in it; `Rehearsal` is what tests hold.
- `account.py`: Slipway's table and topic, and the clients of people.
- `permissions.py`: IAM decides on each call of a function.
- `watchers.py`: the executions of the state machine.
- `wire.py`: every attempt of every call of the app passes here.
- `fleet.py`, `fleet_services.py`, `turns.py`: many services, and functions that run side by side.
"""

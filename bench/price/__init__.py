"""What a deployment costs: `make price`.

`usage` plays a rollout and counts what Slipway uses; `cost` multiplies that, and what
`make bench-lambda` measured, with `prices.toml`.
"""

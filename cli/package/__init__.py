"""One stage's package, without an AWS account: source tree -> sam.json and deployment.zip.

targets.toml ──> staging ──> chalice package ──> template ──┐
     └──────────> policies ────┘                            ├──> lint ──> out/STAGE/
requirements.txt ──> dependencies (cached) ──> archive ─────┘

`staging` writes the tree that Chalice packages: only this stage's targets, generated policies and
configuration. `dependencies` fetches what runs on Lambda, once per set of requirements. `archive`
makes the zip, the same bytes for the same input. Nothing reaches out/STAGE before `lint` passes.
"""

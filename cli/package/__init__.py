"""Source tree -> the package of one stage, sam.json and deployment.zip; needs no AWS account.

targets.toml ──> staging ──> chalice package ──> template ──┐
     └──────────> policies ────┘                            ├──> lint ──> out/STAGE/
requirements.txt ──> dependencies (cached) ──> archive ─────┘

`staging` writes the tree that Chalice packages: only this stage's targets, generated policies and
configuration. `dependencies` fetches what runs on Lambda, once per set of requirements. `archive`
makes the zip, the same bytes for the same input. Nothing reaches out/STAGE before `lint` passes.
"""

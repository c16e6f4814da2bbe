"""Amazon Inspector: which repositories it scans, by the scanning rules of the registry."""

from __future__ import annotations

from fnmatch import fnmatchcase

from moto.ecr.models import ecr_backends


def scanned_by_inspector(account: str, region: str, repository: str) -> str:
    """How often Amazon Inspector scans this repository; empty where it does not."""
    configuration = ecr_backends[account][region].registry_scanning_configuration
    if configuration["scanType"] != "ENHANCED":
        return ""
    rules = (
        rule["scanFrequency"]
        for rule in configuration["rules"]
        for wanted in rule["repositoryFilters"]
        if fnmatchcase(repository, wanted["filter"])
    )
    return str(next(rules, ""))

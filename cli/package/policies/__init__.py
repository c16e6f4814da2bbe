"""Targets -> one least-privilege policy per function.

`functions` lists what each function may do; `own` and `account` word each statement; `scope` names
what a statement covers, and how widely; `reasons` says why some cover `*`; `fit` makes the policies
and keeps each below IAM's limit.
"""

from cli.package.policies.fit import LIMIT, Policies, generate, size
from cli.package.policies.functions import GRANTS
from cli.package.policies.reasons import LAMBDAS_OWN, REASONS
from cli.package.policies.scope import WORDS, Widening
from cli.package.policies.statement import Policy

__all__ = [
    "GRANTS",
    "LAMBDAS_OWN",
    "LIMIT",
    "REASONS",
    "WORDS",
    "Policies",
    "Policy",
    "Widening",
    "generate",
    "size",
]

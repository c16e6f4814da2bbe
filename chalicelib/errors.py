"""The errors of Slipway. Each class tells the caller what to do about it.

A deployment that fails is a verdict, not an exception. A message says what was wanted, what was
found, and what to do next.
"""


class DeployerError(Exception):
    """The parent of `Refused` and `Unavailable`; it is never raised itself."""


class Refused(DeployerError):
    """The error is permanent: record it and tell people, but do not retry."""


class Unavailable(DeployerError):
    """The error may pass: AWS throttles, denies or is down. Try the same step again later."""


class Denied(Unavailable):
    """A permission is missing. People must hear of it, and the step waits until it is granted.

    `who` is the function that was denied `action` on `resource`. Each of the three is empty where
    AWS did not say it.
    """

    def __init__(self, message: str, who: str = "", action: str = "", resource: str = "") -> None:
        super().__init__(message)
        self.who, self.action, self.resource = who, action, resource


class Unreadable(Unavailable):
    """A newer release wrote this item of the ledger. Leave it alone until that release is back."""


class NotStarted(Unavailable):
    """ECS answered that it could start no task, for want of capacity for example."""


class Unanswered(Unavailable):
    """AWS did not answer, so nobody knows whether it acted. Look before you act again."""


class Conflict(Unavailable):
    """Another writer changed the ledger first. Read again, and decide again."""

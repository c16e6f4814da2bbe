"""What can go wrong, told apart by what the caller does about it.

A deployment that fails is a verdict, not an exception. A message says what was wanted, what was
found, and what to do next.
"""


class DeployerError(Exception):
    """The parent of the two; never raised itself."""


class Refused(DeployerError):
    """Permanent: record it, tell people, do not retry."""


class Unavailable(DeployerError):
    """For now: AWS throttles, denies or is down; the same step is tried again later."""


class Denied(Unavailable):
    """A permission is missing: people must hear of it, and the step waits until it is there.

    `who` is the function that was denied `action` on `resource`; empty where AWS did not say.
    """

    def __init__(self, message: str, who: str = "", action: str = "", resource: str = "") -> None:
        super().__init__(message)
        self.who, self.action, self.resource = who, action, resource


class Unreadable(Unavailable):
    """A newer release wrote this item of the ledger: it is left alone until that one is back."""


class Unanswered(Unavailable):
    """AWS did not answer, so nobody knows whether it acted: look before acting again."""


class Conflict(Unavailable):
    """Somebody else wrote the ledger first: read again and decide again."""

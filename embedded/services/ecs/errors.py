"""What ECS answers instead of a result: the error codes of its API model, with ECS' wording."""

from __future__ import annotations


class EcsError(Exception):
    """A refused request; `code` is a shape name of botocore's ECS model (HTTP 400)."""

    code = "ClientException"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.members: dict[str, list[str]] = {}  # what the answer has besides the message


class ClientError(EcsError):
    code = "ClientException"


class InvalidParameter(EcsError):
    code = "InvalidParameterException"


class Throttled(EcsError):
    """A common error, so not in the model ("Request throttling for the Amazon ECS API")."""

    code = "ThrottlingException"

    def __init__(self) -> None:
        super().__init__("Rate exceeded")


class ClusterNotFound(EcsError):
    code = "ClusterNotFoundException"

    def __init__(self) -> None:
        super().__init__("Cluster not found.")


class PlatformUnknown(EcsError):
    code = "PlatformUnknownException"

    def __init__(self) -> None:
        super().__init__("The specified platform version does not exist.")


class ServiceNotFound(EcsError):
    code = "ServiceNotFoundException"

    def __init__(self) -> None:
        super().__init__("Service not found.")


class ServiceNotActive(EcsError):
    code = "ServiceNotActiveException"

    def __init__(self) -> None:
        super().__init__("Service was not ACTIVE.")


class ServiceDeploymentNotFound(EcsError):
    code = "ServiceDeploymentNotFoundException"

    def __init__(self) -> None:
        super().__init__("Service deployment not found.")


class Conflict(EcsError):
    code = "ConflictException"


class TokenInUse(Conflict):
    """RunTask: the client token belongs to these tasks."""

    def __init__(self, tasks: list[str]) -> None:
        super().__init__("The provided clientToken is already in use with a different request.")
        self.members = {"resourceIds": tasks}


class UnsupportedFeature(EcsError):
    code = "UnsupportedFeatureException"


class ResourceNotFound(EcsError):
    code = "ResourceNotFoundException"

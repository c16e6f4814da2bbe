"""AWS Lambda: real processes under awslambdaric.

Map: `service` answers Invoke; `queue` keeps asynchronous events and tries them again;
`environments` keeps the execution environments of all functions; `environment` is one process;
`runtime_api` is what that process asks for events; `worker` is what it executes; `code` is what it
can import; `function` reads a function's settings from moto; `logs` writes to CloudWatch Logs.

Not enforced: the memory size (the peak is reported). Refused: other runtimes than this Python's,
layers, images.
"""

from __future__ import annotations

from embedded.services.lambda_.environment import Environment
from embedded.services.lambda_.function import InvocationRecord
from embedded.services.lambda_.invocation import Invocation
from embedded.services.lambda_.service import Lambda

__all__ = ["Environment", "Invocation", "InvocationRecord", "Lambda"]

"""Why a statement covers more than a name, and why one is granted that no call of ours uses."""

# Why a statement names `*`: nothing narrower exists, or what narrows it is not the resource.
# `lint` refuses a statement with `*` that is not here; a test, a reason that no statement needs.
REASONS = {
    "ReadTaskDefinitions": "ECS offers no resource for describing or listing task definitions",
    "ListTasks": "ECS lists tasks by container instance or `*`; the condition names the clusters",
    "ReadFindings": "Amazon Inspector offers no resource for listing findings or what it covers",
    "ReadTargetHealth": "Elastic Load Balancing offers no resource for describing target health",
    "RegisterAnyFamily": "a target without `family` follows whatever family its service runs",
    "TagAnyFamily": "as RegisterAnyFamily; only while registering (ecs:CreateAction)",
    "SendTraces": "X-Ray offers no resource for traces",
    "DeliverLogs": "log delivery, as Step Functions needs it, offers no resource",
}

# What no call of ours uses, and why it is granted: Lambda does these itself, with the function's
# role. A test refuses any other statement that no test uses.
LAMBDAS_OWN = {
    "WriteOwnLogs": "Lambda writes what the function logs",
    "SendTraces": "Lambda sends the traces of the functions, where tracing is on",
    "ReportFailures": "Lambda sends an event that failed three times to the queue",
}

"""A registry of ECR: the hosts from which images are pulled, and the password for them.

Documented: Amazon ECR user guide, "Making requests to Amazon ECR registries"; "Amazon ECR
endpoints and quotas" (FIPS endpoints); API reference, GetAuthorizationToken ("valid for 12 hours").
Inferred: the FIPS form of the dual-stack host.
"""

from __future__ import annotations

import base64
import re
from datetime import datetime, timedelta
from typing import Any

PRIVATE_IMAGE = re.compile(
    r"(?P<account>\d{12})\."
    r"(dkr\.ecr(-fips)?\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?"
    r"|dkr-ecr(-fips)?\.(?P<dual>[a-z0-9-]+)\.on\.(aws|amazonwebservices\.com\.cn))/"
    r"(?P<repository>[^@:]+)(:(?P<tag>[^@]+))?(@(?P<digest>sha256:[0-9a-f]+))?"
)
_TOKEN_LIVES = timedelta(hours=12)


def authorization(account: str, region: str, now: datetime) -> dict[str, Any]:
    """API reference, AuthorizationData."""
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    password = f"AWS:{account}-auth-token"
    return {
        "authorizationToken": base64.b64encode(password.encode()).decode(),
        "expiresAt": (now + _TOKEN_LIVES).timestamp(),
        "proxyEndpoint": f"https://{account}.dkr.ecr.{region}.{domain}",
    }

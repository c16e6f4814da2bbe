"""The private bucket that CloudFormation takes a stage's packages from."""

from __future__ import annotations

from typing import Any

# A failed update is rolled back to the package before it, which must still be in the bucket.
_KEEP_DAYS = 400
_DEFAULT_LOCATION = "us-east-1"  # the one region that CreateBucket must not be told


def ensure_bucket(s3: Any, stage: str, account: str, region: str) -> str:
    """The private bucket for one stage's packages, made when it is not there; old ones expire.

    Each stage has one of its own, so whoever deploys one stage cannot touch another's packages.
    """
    name = f"slipway-{stage}-{account}-{region}"
    owned = {"Bucket": name, "ExpectedBucketOwner": account}
    location = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        s3.create_bucket(Bucket=name, **({} if region == _DEFAULT_LOCATION else location))
    except (s3.exceptions.BucketAlreadyOwnedByYou, s3.exceptions.BucketAlreadyExists):
        s3.head_bucket(**owned)  # refused when it is somebody else's
    s3.put_public_access_block(
        **owned,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    s3.put_bucket_encryption(**owned, ServerSideEncryptionConfiguration={"Rules": [rule]})
    expiry = {
        "ID": "old packages",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "Expiration": {"Days": _KEEP_DAYS},
    }
    s3.put_bucket_lifecycle_configuration(**owned, LifecycleConfiguration={"Rules": [expiry]})
    return name

"""AWS::S3: bucket policies."""

from __future__ import annotations

import json

from embedded.services.cloudformation.kinds.kind import Kind, Properties


class BucketPolicy(Kind):
    type = "AWS::S3::BucketPolicy"

    @classmethod
    def create(cls, name: str, properties: Properties) -> Kind:
        document = json.dumps(properties["PolicyDocument"], default=str)
        cls.client("s3").put_bucket_policy(Bucket=properties["Bucket"], Policy=document)
        return cls(name)

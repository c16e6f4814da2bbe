"""A packaged stage -> the stack `slipway-STAGE` in the account of the present credentials.

`aws cloudformation package` and `deploy` do the work; `bucket` makes the bucket that they need, and
`stack` tells how far CloudFormation is.
"""

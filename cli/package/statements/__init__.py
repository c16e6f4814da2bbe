"""What a policy can grant: a function for each thing, as statements of IAM."""

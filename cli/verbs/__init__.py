"""One file a verb of `slipway`, named as the verb."""

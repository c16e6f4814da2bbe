"""The verbs of `slipway`, one file each: parse, call one plain function, print."""

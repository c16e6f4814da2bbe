"""`slipway dashboard`: a page on this machine, read and driven with the operator's own rights.

`pages` asks Slipway's functions (by `answers`) and makes the values of a template; `acts` plans and
does what a person confirms; `guard` lets nobody else in; `server` serves it all.
"""

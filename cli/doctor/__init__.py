"""`slipway doctor`: looks at every target and at the stack, and says what is wrong and what to do.

Map, in the order in which it works:
  `asking` calls AWS with the person's own credentials; what AWS does not answer becomes a note.
  `read` makes frozen `facts` of the answers; each `read_…` asks about one thing.
  `service`, `definition`, `image`, `permissions`, `scheduled`, `stack` are ordered lists of small
  rules, facts -> finding; `remedy` has the commands that several of them advise.
  `slow` finds what makes rollouts slow, with the arithmetic of `pace`.
  `examine` reads and judges, `told` words what was found, `command` is the command itself.
"""

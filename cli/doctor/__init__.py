"""`slipway doctor`: looks at every target and at the stack, and says what is wrong and what to do.

Map, in the order in which it works:
  `asking` calls AWS with the person's own credentials; what AWS does not answer becomes a note.
  `read_target`, `read_images`, `read_stack` make frozen `facts` of the answers; `read` has them all.
  `service`, `image`, `permissions`, `stack` are ordered lists of small rules, facts -> finding.
  `slow` finds what makes rollouts slow, with the arithmetic of `pace`.
  `told` words the findings for a terminal or as JSON. `command` runs all of it.
"""

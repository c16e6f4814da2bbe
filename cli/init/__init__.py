"""`slipway init`: an account that runs already -> the targets file that says what it does.

Where to look, in the order in which it happens:

- `read.py`: the person's own credentials -> `facts.py`. The only part that knows boto3.
- `follow.py`: a service and its task definition -> the repository that it follows, or why none.
- `words.py`: which words of a name may be an environment's, and a name with `{env}` in it.
- `environments.py`: all services -> the environment of each, by evidence.
- `group.py`: services and environments -> as few `[[target]]` tables as possible.
- `tags.py`: the tags that are there -> the key `tags`, where the default would do harm.
- `write.py`: the tables -> the text, with what could not be decided as comments.
- `command.py`: all of it in order, and what is said at the terminal.
"""

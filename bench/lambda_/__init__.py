"""What each function costs as Lambda runs it: `make bench-lambda`.

The packaged zip runs from a folder that nobody can write to, under AWS' Lambda runtime client,
against the embedded AWS. In the same run, handlers that do almost nothing are the yardsticks. Map:
`cases` are the functions and their payloads, `measure` starts and calls them, `rows` are the
medians, `imports` is the profile of a cold start, `table` is the Markdown.
"""

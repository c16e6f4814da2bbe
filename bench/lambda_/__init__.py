"""What each function costs as Lambda runs it: `make bench-lambda`.

The packaged zip, unpacked where nothing can be written, under AWS' Lambda runtime client, against
the embedded AWS; beside it, in the same run, handlers that do next to nothing. Map: `cases` are the
functions and what they are called with, `measure` starts and calls them, `rows` are the medians,
`imports` the profile of a cold start, `table` the Markdown.
"""

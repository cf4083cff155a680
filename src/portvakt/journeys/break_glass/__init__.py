"""“Nobody else gets in, and it must be mended now.”

In: the page where a break-glass account signs in, which nothing shuts, and the page where its two
keys are made, with a link that `portvakt break-glass` printed.

Out: what these accounts are and what opens them (`core.break_glass`), the alarm of each use
(`proving.break_glass`), making accounts and testing them (`commands.break_glass`). On the ordinary
first page their keys work as everybody's do (`sign_in`).
"""

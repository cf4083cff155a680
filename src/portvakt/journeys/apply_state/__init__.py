"""“Make it so”: what is stored follows a file that an operator keeps under version control.

Owns the form of `region.toml`, what `apply` may touch (what it made itself, and nothing else), and
`export`, which writes such a file. Next door: `sync_people` follows HR.
"""

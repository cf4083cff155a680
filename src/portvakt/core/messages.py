"""The key of every sentence that a person can be shown."""

from typing import NewType

MessageId = NewType("MessageId", str)
"""`area.name`, as in the catalogues: the core names a sentence and never writes one."""

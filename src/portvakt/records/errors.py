"""What the records say when they cannot do their work.

RecordsError
└── RecordsUnavailable   the database is away, full or does not answer in time
"""


class RecordsError(Exception):
    """Base of what `portvakt.records` raises on purpose."""


class RecordsUnavailable(RecordsError):  # noqa: N818 - says what is the case, as everywhere else
    """The database cannot be used just now; nothing of the act was stored.

    Raised within about three seconds. The driver connects again by itself, so the next act may
    well succeed. One case is open by nature: when the connection breaks between the commit and
    its answer, the act may have been stored all the same.
    """

"""What can keep a phone from what it was asked: each error's text is one plain line."""

STATUS = {
    "malformed": 400,
    "version": 400,
    "endpoint": 400,
    "signature": 401,
    "clock": 401,
    "lock": 403,
    "wrong": 403,
    "used": 403,
    "expired": 403,
    "full": 409,
    "kept": 409,
    "gone": 410,
    "too_many": 429,
    "busy": 503,
    "down": 503,
}
"""The words that the service may answer with, and the status of each (the page, *Errors*)."""

MEANS = {
    "malformed": "the service could not read the request: this program is at fault",
    "version": "the service speaks another version of the protocol: update this program",
    "endpoint": "the service does not allow that push address",
    "signature": "the service refused the signature: this program is at fault",
    "clock": "the service and this machine could not agree on what time it is",
    "lock": "the service refused the proof of the screen lock",
    "wrong": "there is no such pairing code",
    "used": "the pairing code was used already: ask for a new one",
    "expired": "the pairing code is too old: ask for a new one",
    "full": "the account has five phones already: remove one first",
    "kept": "it is the last second factor, and a rule asks for one",
    "gone": "this phone was removed: pair it again",
    "too_many": "too many tries: wait",
    "busy": "the service is overloaded: try again",
    "down": "the service cannot reach its database: try again",
}


class PhoneError(Exception):
    """The phone cannot do what it was asked; the message says why in one line."""


class MisusedError(PhoneError):
    """What was given cannot be right, and nothing was sent."""


class PhoneFileError(PhoneError):
    """The file of the phone is missing, open to others, or not a phone's."""


class UnreachableError(PhoneError):
    """No answer came."""


class UnreadableError(PhoneError):
    """An answer came that the protocol does not allow."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the service answered what its protocol does not allow: {what}")


class RefusedError(PhoneError):
    """The service said no, with a word of the protocol.

    `word` is that word, `now` the service's clock, `retry_at` until when to wait (`too_many`);
    both in milliseconds since 1970 UTC.
    """

    def __init__(self, word: str, now: int, retry_at: int | None = None) -> None:
        wait = "" if retry_at is None else f" {max(0, -(-(retry_at - now) // 1000))} s"
        super().__init__(f"{MEANS[word]}{wait}")
        self.word = word
        self.now = now
        self.retry_at = retry_at


class GoneError(RefusedError):
    """The phone was removed, or its account was closed. It cannot come back, only pair anew."""

    def __init__(self, now: int) -> None:
        super().__init__("gone", now)

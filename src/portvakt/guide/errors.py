"""What stops a guide from being made."""


class GuideError(Exception):
    """Why no guide can be made here, and what to do about it, in one line for who asked for it."""


class PlayError(GuideError):
    """A step cannot be carried out: it and the product do not agree. The message names both."""

"""Samples of the pages that belong to no journey."""

from portvakt.web.responses import Page, ProblemPage


def problem(kind: str, *, bare: bool = False, retry: str | None = "/") -> ProblemPage:
    return ProblemPage(kind=kind, request_id="k7qm2xw4", bare=bare, retry=retry)


SAMPLES: dict[str, Page] = {
    "not_found": problem("not_found"),
    "down": problem("down", bare=True),
    "internal": problem("internal", bare=True),
    "misdirected": problem("misdirected", bare=True, retry=None),
    "busy": problem("busy"),
    "foreign": problem("foreign"),
}

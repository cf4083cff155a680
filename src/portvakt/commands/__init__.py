"""The commands of `portvakt`, one small module each: arguments in, a line or JSON out.

Owns what an operator types and reads. What is done lies in journeys, records and settings. Every
module has `EXAMPLE` (a line for --help), `arguments(parser)` and `run(args, shell) -> int`, and
`STANDS_ALONE` where it needs no settings.
"""

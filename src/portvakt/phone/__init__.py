"""A phone at the command line, written from docs/developers/phone-protocol.md and nothing else.

It imports nothing from the rest of Portvakt: a client that shares code with the service proves
nothing about the protocol. `acts.Phone` is the phone, `file` where it is kept, `pairing` how one
comes to be.

It has **no real screen lock**: the key of its screen lock lies in the same file as its own, so
whoever reads that file is this phone. It is for tests, and for people at a terminal who know that.
"""

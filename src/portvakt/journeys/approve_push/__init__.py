"""“I answer on my phone.”

In: pairing a phone, what it asks and answers, waking it, the app's own files. Out: a request that
is approved, denied or over. The pages that wait for the answer belong to signing in and to
registration; the wire is written down in docs/developers/phone-protocol.md.
"""

"""“I want to get in.”

In: name and password, second factors, fresh proof before methods are changed, more proof for an app
that asks for it. Out: a session, or what to do instead. Registration, the portal and apps are other
journeys; the rules and the judging of answers live in `portvakt.proving`.
"""

"""“That was not me.”

In: the page that a link in a mail opens, which changes nothing, and its one button, which freezes
what the mail told of and what came after it. The rules are in `core.freezing`, the act in
`proving.freezing`.

Out: writing the mails (`proving.notices`); setting oneself free again, which asks for a session
(`set_up_mfa`); «Det var inte jag» in the phone app, which answers one request (`approve_push`).
"""

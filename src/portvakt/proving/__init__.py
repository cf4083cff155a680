"""Showing who you are: the one way that sign-in, fresh proof and registration share.

`rules` evaluates conditional access, `ask` sends codes, `answer` judges and spends, `finish` opens
sessions and is the only caller of `records.sessions.open`, `gate` stands before every page that
needs a person. Next door: `portvakt.methods` (one way of proving each) and `portvakt.core.sign_in`
(what comes next).
"""

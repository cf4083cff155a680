"""“I have forgotten my password.”

In: a name, two kinds of proof that are not the password, and then a new one; or a locked account
that is opened again. Out: the truth about what was written, and everything ended that the old
password had opened. What comes next is said by `portvakt.core.password_reset` alone.
"""

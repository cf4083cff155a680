"""“Where am I signed in, and was that really me?”

In: this person's open sign-ins, each of which can be ended, and what has happened to the account,
failures too, each with the reason that was kept when it was decided.

Out: the log of the whole installation, and changing methods (`set_up_mfa`).
"""

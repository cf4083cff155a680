"""“Where am I signed in, and was that really me?”

In: this person's open sign-ins, each of which can be ended, and what has happened to the account,
failures too, each with the reason that was kept when it was decided; «Det var inte jag» on a row.

Out: the log of the whole installation, changing methods (`set_up_mfa`), the same button in a mail
(`not_me`), and what apps hold (`app_access`).
"""

"""“I know my password and want another one.”

In: somebody signed in who has just shown the best they have, the old password and a new one. Out:
the truth about what was written where the password lives, and an end to everything else that the
old one had opened. Who has forgotten theirs goes to `portvakt.journeys.reset_password`.
"""

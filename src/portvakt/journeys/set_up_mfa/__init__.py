"""“I want to register my phone.”

In: the one-sheet form with the words of the instruction, the guide, binding an app or a number by
proving it, recovery codes, names, order and removal of what is bound, and the first password after
a start code. Out: showing what one has already (`portvakt.proving`), and signing in
(`portvakt.journeys.sign_in`), which leads people without a method here and is led back to.
"""

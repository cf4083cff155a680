"""“Show me my apps.”

In: the tiles a person may open from where they are now, with what each asks for in words; the ways
to one's own security information and sign-ins; signing out.

Out: opening an app (`open_app`), which goes by the same rules and asks them again.
"""

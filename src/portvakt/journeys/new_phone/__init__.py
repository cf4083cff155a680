"""“I have a new phone”: the password is known, the old phone is gone, and somebody knows me.

People stand up for whoever asks, at `/vouch` of the reset site, and then one app on a phone may be
added. What decides is `core.new_phone`; the sign-in that it belongs to is `core.sign_in`.
"""

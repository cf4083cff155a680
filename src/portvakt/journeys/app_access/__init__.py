"""“Which apps know who I am, and how do I take that back?”

In: what apps hold of this person now, what each is told and for how long, and taking it back.

Out: opening an app, and asking before it is told (`open_app`); the apps that may be opened
(`my_apps`); signed-in browsers (`my_sign_ins`).
"""

"""“Let me into this app”: single sign-on.

In: an app sends a browser here and is told who the person is, in a language that it speaks. `oidc`
is OpenID Connect; another protocol gets a folder of its own beside it. The keys that sign and the
names that people have towards apps are the same for all.

Out: showing who you are (`portvakt.proving` and the sign-in journey), the portal with the tiles
(`my_apps`), and what an app *is* (`portvakt.core.relying_parties`).
"""

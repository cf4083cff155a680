"""“Let me into this app”: single sign-on by OpenID Connect.

In: OpenID Connect. An app sends a browser to `/oidc/authorize`, gets a code back and trades it for
an ID token and an access token. What is asked, what is answered and what is refused follows the
specifications clause by clause; `oidc_checks.py` reads like their table of contents.

Out: showing who you are (`portvakt.proving` and the sign-in journey), the portal with the tiles
(`my_apps`), and what an app *is* (`portvakt.core.relying_parties`). Files whose name starts with
`oidc_` speak OpenID Connect; another protocol stands beside them with a prefix of its own.
"""

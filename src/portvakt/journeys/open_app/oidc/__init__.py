"""OpenID Connect, followed and refused clause by clause.

An app sends a browser to `/oidc/authorize`, gets a code back and trades it for tokens. `checks.py`
reads like the specifications' table of contents; `routes.py`, the `*_routes.py` beside it and
`answers.py` are the only files that know HTTP.
"""

"""OpenID Connect, followed and refused clause by clause.

An app sends a browser to `/oidc/authorize`, gets a code back and trades it for tokens. `checks.py`
reads like the specifications' table of contents; `routes.py` is the only file that knows HTTP.
"""

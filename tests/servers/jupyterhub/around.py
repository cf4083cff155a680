"""What the hub of the tests is told beside the settings that were printed for it.

It answers by itself, with no proxy before it, and starts nothing for those who have signed in.
"""

import os
from pathlib import Path

from jupyterhub.proxy import Proxy

c = get_config()  # noqa: F821 - JupyterHub gives it


class Nothing(Proxy):
    """There is nothing to lead people to."""

    should_start = False

    async def add_route(self, routespec, target, data):
        pass

    async def delete_route(self, routespec):
        pass

    async def get_all_routes(self):
        return {}


def as_if_it_had_expired(_authenticator, _user, auth_state):
    """Spoil the access token where the tests say so: it would live for five minutes."""
    if auth_state and Path("spoil").exists():
        auth_state["token_response"]["access_token"] = "spoiled"


port = os.environ["HUB_PORT"]
c.JupyterHub.proxy_class = Nothing
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{port}"
c.JupyterHub.bind_url = f"http://127.0.0.1:{port}"
c.JupyterHub.db_url = "sqlite:///hub.sqlite"
c.JupyterHub.redirect_to_server = False
c.JupyterHub.log_level = "DEBUG"
c.GenericOAuthenticator.refresh_user_hook = as_if_it_had_expired
c.Authenticator.auth_refresh_age = 1  # second
c.Authenticator.refresh_pre_spawn = False
exec(Path("pasted.py").read_text())

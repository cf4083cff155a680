"""Forward-auth: the proxy in front of an app asks us before every request (ADR 43).

For apps that speak no sign-in protocol. `check` answers the proxy, `start` and `ticket` sign a
browser in at the app's own host, and `told` is what the app gets to know.
"""

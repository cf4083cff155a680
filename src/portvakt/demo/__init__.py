"""The whole product on one machine, with a fictional region in it.

Everything that is special about it lives outside the product: a proxy that decides where the
browser seems to be (`front`), an ordinary text gateway that is a page (`phone_page`), an app that
imports nothing of ours (`shop`), and a page with the people and the switch (`control`).
"""

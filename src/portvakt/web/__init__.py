"""The HTTP shell: what comes in is checked and read once, what goes out is a page or a redirect.

Owns the middleware (`stack`), addresses and cookies, forms, templates, static files, error pages.
Journeys use `routing.route`, `forms.form`, `request.here` and `responses.page`; nothing in here
knows a journey, a table or a rule. How to make a page: docs/developers/pages.md.
"""

"""“My computer is the organisation's own, and I need not do a thing about it.”

In: a browser is sent to the host where the proxy asks for a certificate, by the page's script or
by a link, with a ticket; there the certificate is judged; and the answer comes back and is kept
for that browser, and with the session that it has.

Out: what counts as ours and for how long (`proving.our_devices`, `core.our_devices`); reading lists
of revoked certificates (`background_devices`); what follows from it, which is for rules to say.
"""

"""“Did my text arrive?”

In: an operator's word on a text that it took, over HTTP or on a gateway's own line. Out: what the
records hold of that text, once. Not here: who proves to be an operator (`sms`), what a waiting page
says of it (`proving.texts_told`).
"""

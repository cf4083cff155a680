"""«Hur var det man gjorde?»

In: the illustrated guide that `portvakt guide` has made for this installation, for everybody: its
pages, pictures and films, the PDF, and the one file for an intranet.

Out: making it (`portvakt.guide`); the links that lead here from other pages (`web.guide_links`).
"""

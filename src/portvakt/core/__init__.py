"""The pure core: plain data and functions that decide, and nothing that reads the world.

It answers four questions: what was shown (`assurance`), what is asked (`policy`), what comes next
(`sign_in`) and who may do this (`roles`, `enrolment`). Standard library only; time and chance are
arguments. Everything that acts on these answers lives in the packages above.
"""

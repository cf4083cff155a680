"""The only ways out of the process: HTTP in `http`, and what every way out shares.

`addresses` says which places may be reached at all, `outcomes` what handing something over can come
to. Text messages and mail build on them.
"""

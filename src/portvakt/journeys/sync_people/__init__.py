"""“Our people changed in HR; follow.”

Owns how a source of people becomes accounts: what of a row is believed, the brake, what is told to
whom, and the report. Next door: `portvakt.directories` reads the source, `apply_state` follows a
file of the operator's own.
"""

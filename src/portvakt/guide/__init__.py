"""The illustrated guide and the instruction film, made from the running product."""

"""Which app is calling, and to which key its tokens are bound."""

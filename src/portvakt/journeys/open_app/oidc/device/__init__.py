"""The device grant (RFC 8628): a code on a screen without a keyboard."""

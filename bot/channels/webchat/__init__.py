"""The web chat: a conversation inside anybody's web page, with no network but our own HTTP server in between."""

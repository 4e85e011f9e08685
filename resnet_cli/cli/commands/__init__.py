"""A file a command; `main` imports each when it is called."""

"""What is held against a network: expectations, a lock file, and reports of both."""

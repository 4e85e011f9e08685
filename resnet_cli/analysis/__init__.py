"""A question about a network a file, each answered by one walk over its layers."""

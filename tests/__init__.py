"""A file a module; `strategies` and `conftest` are what they share."""

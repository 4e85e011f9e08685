"""A network as one HTML page whose numbers follow the reader's sizes."""

"""What a network is made of: sizes with names, and layers with their arithmetic."""

"""What the tool costs beside its floors and its peers, as ratios of whole processes."""

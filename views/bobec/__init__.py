"""Pages of buildings and their pictures."""

"""Pages of G-code requests."""

"""Schools and whom to call there."""

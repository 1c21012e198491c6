"""The installation itself: backup, restore, what it knows of itself."""

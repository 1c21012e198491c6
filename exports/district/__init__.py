"""Lists of schools, in and out."""

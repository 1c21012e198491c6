"""What every kind of record shows: grid, form, filters, files in and out; surveys, fields and code lists that an admin edits."""

"""What every kind of yearly record shares: the record, its fields and code lists, the one door that writes it, and what follows a record around."""

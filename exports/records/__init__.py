"""What an area sets of its records, as workbooks: its code lists and the fields it adds."""

"""Tables as offices send them, read as rows: what a file is, whether it is safe, where its header is and where it ends."""

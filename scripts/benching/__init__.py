"""The bench: Khet's main operations beside plain Flask-Admin and the plain libraries, on the same records."""

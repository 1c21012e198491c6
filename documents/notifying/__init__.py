"""What people are told, and how it reaches them: the bell, e-mail, LINE, announcements."""

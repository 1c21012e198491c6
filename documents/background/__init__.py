"""Background jobs (งานเบื้องหลัง): asked, run, alive or lost; and what is done once a day."""

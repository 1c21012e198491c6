"""A round of collecting (รอบการจัดเก็บข้อมูล) from its order to its lock: rounds, submissions, their moves and their times."""

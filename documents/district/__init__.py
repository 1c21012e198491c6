"""The education area (เขตพื้นที่การศึกษา) and its schools: profiles, names, sizes, land, places, mergers."""

"""`make bench-scale`: Homeport on PostgreSQL, by many processes, under crowds. Each module is a part of it."""

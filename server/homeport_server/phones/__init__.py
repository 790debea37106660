"""Two phones you can touch: real devices on a real server, on one table, and what a page shows of them."""

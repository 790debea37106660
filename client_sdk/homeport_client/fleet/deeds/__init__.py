"""What can happen in a story: each step's verb is one short function, and `table.py` has them all."""

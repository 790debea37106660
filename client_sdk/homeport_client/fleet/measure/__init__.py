"""What is measured while a fleet runs: distributions, counts, and how it stood at each moment."""

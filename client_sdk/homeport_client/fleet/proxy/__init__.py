"""A proxy that does to real bytes, between any client and a real server, what a network of `networks.py` says."""

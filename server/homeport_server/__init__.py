"""The server room: the edge that devices talk to, the accounts behind it, and the roof that builds it all."""

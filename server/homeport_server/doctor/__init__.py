"""What is wrong, and the command that mends it: small checks, each of which looks at one thing and changes nothing."""

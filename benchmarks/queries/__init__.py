"""What queries cost at the store."""

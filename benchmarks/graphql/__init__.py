"""What GraphQL costs."""

"""What operators do with rejected changes: look at them, and replay them in their users' names."""

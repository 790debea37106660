"""What a fleet tells: its summary, and the forms in which people and machines read it."""

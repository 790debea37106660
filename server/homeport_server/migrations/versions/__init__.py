"""The steps, one file a schema version; a step that was released never changes."""

"""The typed half of the schema: types, connections and filters made from an app's declaration."""

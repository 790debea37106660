"""The IDE at `/graphql`: GraphiQL as npm has it, lying beside this file, so that it works without a network."""

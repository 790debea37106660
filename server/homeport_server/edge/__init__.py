"""The edge: GraphQL over HTTP and sockets, health and the schema's text. It decides nothing; the sync room does."""

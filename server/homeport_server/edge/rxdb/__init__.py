"""RxDB, unmodified: what its GraphQL replication plugin asks, for each kind of an app."""

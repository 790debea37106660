"""What follows the logs, each at its own pace: the work of `homeport work`, and of the server itself on SQLite."""

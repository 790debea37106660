"""Where notifications meet the log: the app's rules, who has to be woken, and the lanes that send."""

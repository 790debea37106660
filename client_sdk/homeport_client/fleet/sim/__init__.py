"""The simulated world: many real devices and a real server core in one process, virtual time, one seed."""

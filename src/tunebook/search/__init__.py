"""Which configuration next: stateless functions of a space, the history and a generator."""

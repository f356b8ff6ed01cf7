"""What crosses a process boundary; both sides import it. Standard library only: the command line starts with it."""

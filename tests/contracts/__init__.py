"""What every implementation of an interface must do: one suite, all implementations."""

"""Twenty peers on one line, their moves drawn from a seed, and an overseer who trusts nothing but raw rows."""

"""The part that decides: pure functions over frozen nouns, standard library only, no clock."""

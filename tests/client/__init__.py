"""The client against servers that are not what they should be."""

"""What breaks if a line of the product is wrong, and which tests notice it."""

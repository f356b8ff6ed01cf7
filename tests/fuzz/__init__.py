"""What strangers may send, at random: nothing fails, nothing is done in another one's name."""

"""What turning each chat surface on needs: its tokens, and asking the platform about them."""

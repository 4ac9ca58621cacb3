"""What if: trained networks under conditions, at once and after more training, with statistics."""

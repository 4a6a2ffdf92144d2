"""What a drift is consistent with."""

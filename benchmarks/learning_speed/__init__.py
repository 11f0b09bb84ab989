"""What learning and predicting cost, for us and for the rivals, in one run."""

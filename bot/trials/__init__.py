"""Words that nobody gets yet, tried out: as they would look in each channel, and as a test to oneself."""

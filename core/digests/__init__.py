"""Figures of a whole day, week or month, sent at a time that the company chose."""

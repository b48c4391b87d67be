"""Who may come in by the browser, and what they may see and do there."""

"""Own words in the making: where they hold, drafts, publishing, what was before, and the way back.

Only what is published goes to anybody. Publishing writes through `core.setup`, as a file does.
"""

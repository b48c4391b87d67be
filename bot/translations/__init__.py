"""A language as one file for translators (gettext PO), what of it is missing, and the checks of what comes back."""

"""The command line, one group of commands a file. What a command needs is imported when it runs: help comes at once."""

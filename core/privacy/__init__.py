"""What is held about one person: handed out, erased, and kept only for a while."""

"""How fast the course is, always against something that does the same: see README.md."""

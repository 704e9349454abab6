"""What the notebooks import: each lesson is a file here, or a folder of its name."""

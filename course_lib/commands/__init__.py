"""The commands of `course`, one a file. Each has `main(args) -> int`, its exit code; cli.py knows their arguments."""

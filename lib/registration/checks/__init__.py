"""What registration asks of its input."""

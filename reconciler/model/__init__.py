"""What the dispatcher reads and writes: frozen values with their file formats."""

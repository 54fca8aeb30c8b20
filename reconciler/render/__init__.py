"""Plans and history as terminal text and as JSON."""

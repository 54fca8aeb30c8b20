"""Questions about live state, answered as data: from ports and arguments to frozen values."""

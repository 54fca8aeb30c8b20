"""What the engine makes of an image: the packages that it installs, and what it leaves out."""

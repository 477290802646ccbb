"""Where things happen: buildings and rooms."""

"""Forms: what organisers set up."""

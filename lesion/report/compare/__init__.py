"""Two finished reports over the same test images."""

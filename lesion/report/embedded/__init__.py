"""What the page carries for scripts, other programs and papers."""

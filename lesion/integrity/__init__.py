"""What tells whether files are as the stages wrote them."""

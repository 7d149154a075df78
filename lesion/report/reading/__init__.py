"""What the stages wrote, read and checked: the report's input."""

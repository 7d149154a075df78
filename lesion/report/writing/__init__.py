"""How numbers and text are written, and the cautions that several sections share."""

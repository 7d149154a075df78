"""Records drawn: SVG by matplotlib, and plots of HTML and percentages."""

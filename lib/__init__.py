"""Reading Buildings: the methods of four works on taking the built world apart, on one city."""

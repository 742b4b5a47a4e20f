"""The article's own method: networks that learn a dictionary and place it, trained by gradients."""

"""How well a registration does where the truth is known, and what the chapter looks at on the way."""

"""The field engine: what each building sees, what its neighbours see, and how sure the two are together."""

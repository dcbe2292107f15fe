"""Training a recipe; imports accelerate, so the recognition path never imports this package."""

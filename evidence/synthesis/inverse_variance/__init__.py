"""How studies are pooled by an effect and its variance, and how much they differ."""

"""What a review holds and what is wrong with it: checks, audit, overlap, quality, agreement, the flow of papers."""

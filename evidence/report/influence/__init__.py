"""What each study does to the pool, and the pools of all subsets."""

"""Models of the counts themselves: no study is reduced to an effect and its variance."""

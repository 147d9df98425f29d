"""The numbers: arrays in, frozen results out; no tables, no files, no printing."""

"""Sentences for a manuscript: results, methods and limitations, in English or Spanish, within a number of words.

language     what a language must be able to say; english, spanish: its phrases
results, methods, limitations   which claims there are, each with what qualifies it
composing    write(): the claims as a text that fits

A shorter text says less, never more loosely: a claim goes together with everything that qualifies it.
"""

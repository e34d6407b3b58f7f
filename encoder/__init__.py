"""Frames and words in, vectors out: VideoPrism in Flax, its checkpoints and its tokenizer.

This room knows no file format of videos, no database and no page. Importing the package alone
loads nothing heavy: `encoder.catalogue` and `encoder.errors` stay cheap for those who only ask.
"""

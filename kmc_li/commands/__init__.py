"""What the verbs of `kmc-li` are called and take (parser.py), and what they do (verbs.py)."""

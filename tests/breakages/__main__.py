"""`python -m tests.breakages [WORD ...]`: the breakages whose name holds one of the words, or all of them."""

import sys

from tests.breakages.runner import run, table

words = sys.argv[1:]
chosen = [breakage for breakage in table() if not words or any(word in breakage.name for word in words)]
if not chosen:
    sys.exit(f"no breakage is called {' or '.join(words)}: {', '.join(breakage.name for breakage in table())}")
sys.exit(1 if run(chosen) else 0)

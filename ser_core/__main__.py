"""`python -m ser_core` is the command line."""

from ser_core.cli import main

main()

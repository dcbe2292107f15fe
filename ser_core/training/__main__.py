"""`python -m ser_core.training RUN`: work on a run that was launched as a job."""

import sys

from ser_core.jobs.worker import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

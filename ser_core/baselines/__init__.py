"""Yardsticks that need other software: openSMILE's ComParE features and a support vector machine.

licence       openSMILE's terms are shown and accepted before it is used; it is never required
functionals   a clip -> 6373 numbers, cached
compare_svm   the machine on these numbers, and its `Evaluation` under the protocols of every other system
"""

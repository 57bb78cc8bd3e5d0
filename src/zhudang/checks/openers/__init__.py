"""One module per kind of file; each has `examine(case)`, run inside a worker only.

An opener notes findings and facts on the case. It answers for what its parser is known to raise;
anything else becomes "check not finished" (RUN-005), never a crash.
"""

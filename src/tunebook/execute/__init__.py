"""Where a run happens: in this process (`inline`), or in a child process of its own (`processes`).

job.py         what is submitted, and the interface of an executor
child.py       the runs of a job from lock to outcome
attempt.py     one try at a run: what it still needs, training, predictions, scores
metering.py    what runs take, shared by those that train together
printing.py    where a run's output goes
scoring.py     from stored predictions to settings, measurements and pictures
provenance.py  under which versions, on which machine
applying.py    a trained run put to use, in a process of its own
inline.py      executor: at once, in this process
processes.py   executor: child processes that are pinned, limited and killed
endings.py     from the end of such a child to the outcomes of its job
serve.py       what such a child does first and last
forking.py     what the fork server imports to end when its conductor does
slots.py       how many at once, and on which cores or GPUs
threads.py     the variables that tell libraries how many threads to start
"""

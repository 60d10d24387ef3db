"""Two request shapes that other FFmpeg services have made well known, so that their clients can move over unchanged.

tasks.py      `POST /v1/tasks`: one command with its URLs in it
commands.py   `POST /v1/commands`: a command with named inputs and outputs
answers.py    what both say of a job
errors.py     problem documents in the plain form that those clients know
shapes.py     what their webhooks get

Nothing here decides anything: each request becomes the same checked submission as that of `/api/v1/jobs`.
"""

"""Pictures of what a learner sees: README's, and contact sheets of every figure and explorer.

python -m tests.browser.pictures [NAME ...]               makes README's pictures again, or those named
python -m tests.browser.pictures --sheets FOLDER [NN ...] lays all figures of the lessons, or of some, on sheets
"""

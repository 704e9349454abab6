"""Lessons as a learner meets them: JupyterLab, a real browser, a keyboard and a mouse."""

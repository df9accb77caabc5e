"""The Cursor page in Airflow's UI and the report: both read the published file and nothing else.

``plugin.py`` and ``access.py`` are what Airflow sees, and whom its auth lets in; only they import Airflow. ``app.py``
knows HTTP (addresses, parameters, errors), ``published.py`` attaches the published file anew for each request,
``sections/`` turns queries into :mod:`cursor_usage.ui.view`, ``rendering.py`` with ``templates/`` and ``static/`` gives
it a look, on the page and in the one file that ``report.py`` writes.
"""

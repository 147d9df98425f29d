"""Patients' scores and what papers print of them: responders, waterfalls, medians."""

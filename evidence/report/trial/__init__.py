"""Trials against their own controls, pooled or one by one."""

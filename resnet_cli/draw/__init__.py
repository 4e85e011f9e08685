"""Figures: what they show (`scene`), where it stands (`layout`), how it is written (the rest).

`paint` and `profile` alone import matplotlib; `backend` says where that is missing.
"""

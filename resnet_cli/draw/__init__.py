"""Figures: what they show (`scene`), where it stands (`layout`), how it is written (the rest).

`svg` and `mermaid` write text and need nothing; `paint` alone draws with matplotlib, and `backend`
says where that is missing.
"""

"""Results for people and for programs; all of Rich but the screen's own."""

"""Figures as files to keep: CSV, XLSX, PDF."""

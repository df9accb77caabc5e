"""Figures for README.md of this folder, each as a ratio or beside what it is compared with, measured in one run."""

"""Zhudang 筑档: an urban construction archives system (城建档案管理系统)."""

__version__ = "0.1.0"

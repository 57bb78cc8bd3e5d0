"""The command line `zhudang …` and the supervisor behind `zhudang serve`."""

"""One project, one archive: projects, phases, unit works, structures, parties, permits, milestones."""

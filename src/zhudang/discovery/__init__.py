"""Finding (查询): search that finds any two Chinese characters in order, the record's page, the structure's page."""

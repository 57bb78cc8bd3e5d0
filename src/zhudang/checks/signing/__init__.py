"""What signatures of any container share: SM2, electronic seals, chains of certificates. Plain Python, workers only."""

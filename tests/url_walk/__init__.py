"""Walk every address as every role over own, another party's, above clearance and absent things."""

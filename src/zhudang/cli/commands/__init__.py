"""The commands, by what they are about; heavy imports wait until one is run."""

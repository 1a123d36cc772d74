"""The simulators' commands: one module each, with its words, its refusals and its life as a process."""

"""The real coding agents, started against emulated models; each agent has one rig here."""

"""One pure file per coding agent: what its hooks tell -> commands; what waits -> its hook's answer."""

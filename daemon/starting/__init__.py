"""Starting agents: where one may be started and by what command, its pane, and the program that begins it there."""

"""Time as a peer: schedules, check-ins and the night. The store is the truth, the timer an alarm clock."""

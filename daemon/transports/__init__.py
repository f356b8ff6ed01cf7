"""The roads into an agent. Each carries one parcel and says what came of it; none calls back."""

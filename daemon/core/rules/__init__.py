"""What holds whoever asks: machines, times, texts. Knows no sheet and no store."""

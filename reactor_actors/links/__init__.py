"""What carries frames and messages between the model's side and the clients'."""

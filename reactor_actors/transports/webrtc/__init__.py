"""WebRTC: peers, their tracks and channels, and the encoders they share. Home of aiortc and av."""

"""The clients' side: sessions, HTTP and WebRTC."""

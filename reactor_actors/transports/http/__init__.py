"""HTTP: the routes of the wire protocol, and what an operator asks. Knows no WebRTC library."""

"""Events as they happen, over HTTP and WebSocket."""

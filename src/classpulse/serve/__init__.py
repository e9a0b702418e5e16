"""What goes over HTTP. Routes stand in the room of their noun; here is the ground they share."""

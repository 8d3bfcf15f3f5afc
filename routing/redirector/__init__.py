"""The data plane: sends every launch to a hub, whatever breaks behind it. No Django in here."""

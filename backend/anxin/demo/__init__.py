"""The people of the demonstration: phones, contractor, registrar and bank. Their keys never reach the backend."""

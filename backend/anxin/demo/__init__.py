"""The people of the demonstration: phones, a contractor, a registrar and a bank, each with keys the backend never sees."""

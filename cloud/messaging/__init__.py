"""Messages: from facts to text, from text to a mail server, and from there to one honest end."""

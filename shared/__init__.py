"""What every service stands on: the published language, the rules' pattern, the log, the stream, the read models, the web."""

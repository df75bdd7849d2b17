"""Files and scores that every machine must reproduce to the last bit."""

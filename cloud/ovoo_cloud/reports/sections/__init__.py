"""The sections of the report, one function a section: snapshot facts in, blocks out."""

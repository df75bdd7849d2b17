"""Roles, scopes, passwords, tokens and the certificate authority."""

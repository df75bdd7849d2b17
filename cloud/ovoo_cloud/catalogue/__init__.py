"""The relational side: tables, migrations and one repository module per noun."""

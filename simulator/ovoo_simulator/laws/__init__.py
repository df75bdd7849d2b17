"""Physical laws, one subject a module; pure functions over columns, SI units unless the name says otherwise."""

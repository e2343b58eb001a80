// Placeholder: this module is being laid out.

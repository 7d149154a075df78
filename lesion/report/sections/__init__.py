"""The sections of the report: one function each, from the artefacts to what its template may use."""

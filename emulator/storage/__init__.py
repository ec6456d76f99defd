"""What is kept: tables, the engine, one repository a resource, and the object store port."""

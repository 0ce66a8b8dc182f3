"""One file a scenario. A scenario is a module with ID, TITLE and run(context) -> Outcome."""

"""What a person declares: study files and book files, spaces, constraints, cases, and the plan they make."""

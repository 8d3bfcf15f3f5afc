"""The API of people and promises, and what all of the API has in common: answers, problems, callers."""

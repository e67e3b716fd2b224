"""Small heads on frozen embeddings: which settings of a sweep hold up, on the data at hand and on other data."""

from tunebook.tasks.embedding_classification.description import EmbeddingClassification

TASK = EmbeddingClassification()

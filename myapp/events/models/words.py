"""The words that stand in events, against which a mistyped search is corrected."""

from django.contrib.postgres.indexes import GinIndex
from django.db import models


class Word(models.Model):
    """One word of the vocabulary, without accents and in lower case."""

    word = models.CharField(max_length=60, primary_key=True)
    events = models.PositiveIntegerField(
        default=0, help_text="How many events held it when they were last counted."
    )

    class Meta:
        indexes = [GinIndex(fields=["word"], opclasses=["gin_trgm_ops"], name="events_word_trigrams")]

    def __str__(self) -> str:
        return self.word

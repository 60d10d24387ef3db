"""Celery's consumer, which outlives its broker also while it has a step at work and a slot that waits."""

import kombu
from celery.worker import consumer
from kombu.common import ignore_errors


class Consumer(consumer.Consumer):
    """Named by `worker_consumer` (config/celery.py)."""

    task_consumer: kombu.Consumer | None

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Close the channel before Celery takes the connection apart beneath it.

        With Celery 5.7 and Kombu 5.7 the first close of a channel that waits for a message fails at that wait's
        answer, and the next one wants to give unacknowledged messages back by a client that is gone by then: an
        AttributeError, which nobody expects, ends the worker and everything that it encodes. So: the first close
        here, where its error is expected, and then one that comes to its end.
        """
        channel = self.task_consumer and self.task_consumer.channel
        if self.connection and channel:
            for _ in range(2):
                ignore_errors(self.connection, channel.close)  # type: ignore[union-attr]  # the stubs know less
        super().on_connection_error_after_connected(exc)

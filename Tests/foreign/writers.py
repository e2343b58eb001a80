"""Threads that write without pause while a test breaks something."""

import threading


class Writers:
    """Threads that make one `step` after another for as long as the block lasts."""

    def __init__(self, count):
        self.is_over = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=[number]) for number in range(count)]

    def run(self, number):
        while not self.is_over.is_set():
            self.step(number)

    def step(self, number):
        """One round of a thread, which is told its number."""
        raise NotImplementedError

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        for thread in self.threads:
            thread.join()

"""A batch of posts with one head, and how far it is: which is next, and how many are not yet answered."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from homeport_notify.answer import Answer
from homeport_notify.transport import Head, Post, Replied, Reply


class Batch:
    """`next` is the place of the first post that is not on its way. One future for all of them: `done`."""

    __slots__ = ("_left", "_replied", "done", "head", "next", "posts")

    def __init__(self, head: Head, posts: Sequence[Post], replied: Replied, done: asyncio.Future[None]) -> None:
        self.head = head
        self.posts = posts
        self.next = 0
        self.done = done
        self._replied = replied
        self._left = len(posts)
        if not posts:
            done.set_result(None)

    @property
    def started(self) -> bool:
        """Whether all of it is on its way, or never will be."""
        return self.next >= len(self.posts)

    def answer(self, index: int, reply: Reply | Answer) -> None:
        """The post at `index` has its answer. After the end of the batch, such as by cancelling, nobody is told."""
        if self.done.done():
            return
        try:
            self._replied(index, reply)
        except Exception as error:  # noqa: BLE001 -- it is raised to whoever waits for the batch, not into the socket
            self.next = len(self.posts)
            self.done.set_exception(error)
            return
        self._left -= 1
        if not self._left:
            self.done.set_result(None)

    def give_up(self, answer: Answer) -> None:
        """Answer all that is not on its way."""
        begin, self.next = self.next, len(self.posts)
        for index in range(begin, self.next):
            self.answer(index, answer)

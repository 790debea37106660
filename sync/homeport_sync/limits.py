"""Every limit of the sync room, together and with its unit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is too much. All are inclusive: the value itself is still allowed.

    `push_changes_max`, `push_bytes_max` and `push_receipts_max` bound one push, `change_bytes_max` one change as JSON.
    `page_size` is what a pull gets that asks for nothing; more than `page_size_max` is an error, never cut.
    `page_bytes_max` ends a page early (one record always fits). Pages of at least `page_cached_bytes_min` are
    kept for the next device that asks, `page_cache_bytes_max` in all. `batch_changes_max` bounds a commit batch,
    `queue_changes_max` what one tenant may have waiting. When that is full a device is told to wait for as long as
    the queue will take: `overload_retry_ms` while nobody knows, never more than `overload_retry_max_ms`.
    A turn takes up to `turn_changes_max` changes while another tenant has pushed within `company_ms`, and a whole
    batch otherwise; `commits_at_once_max` tenants have their turn at once. The event loop is free again after
    `read_changes_max` changes read and after `decide_changes_max` decided; a push of `read_at_once_max` never waits
    to be read. A batch is tried `commit_tries_max` times when the store is unavailable; then its pushes are told to
    wait as long as the trouble has lasted, between `unavailable_retry_ms` and `unavailable_retry_max_ms`.
    When deciding shows that more must be known, it is loaded and all is decided again, `decide_rounds_max` times.
    A command may run for `command_ms_max`, those of one batch for `commands_ms_max` together: what would take more is
    told to come again, and a group that takes more by itself is rejected. The batches of `commands_at_once_max`
    tenants may run commands while others commit. They run under the lock if what they were decided on has changed
    `commit_tries_max` times.
    `skew_max_ms` is how far ahead of the server's clock a stamp may be before it is lowered.
    `outcome_keep_ms` is how long a confirmed outcome can still be asked for.
    A database ends a query after `query_ms_max`: what no index narrows is looked at one by one, while others wait.
    """

    push_changes_max: int = 500
    push_bytes_max: int = 1_048_576
    push_receipts_max: int = 20
    change_bytes_max: int = 65_536
    page_size: int = 500
    page_size_max: int = 1_000
    page_bytes_max: int = 4_194_304
    page_cache_bytes_max: int = 33_554_432
    page_cached_bytes_min: int = 16_384
    batch_changes_max: int = 2_000
    queue_changes_max: int = 20_000
    turn_changes_max: int = 50
    company_ms: int = 60_000
    commits_at_once_max: int = 8
    read_changes_max: int = 100
    read_at_once_max: int = 10
    decide_changes_max: int = 50
    decide_rounds_max: int = 8
    commit_tries_max: int = 3
    command_ms_max: int = 1_000
    commands_ms_max: int = 2_000
    commands_at_once_max: int = 8
    skew_max_ms: int = 300_000
    cursor_bytes_max: int = 65_536
    query_ms_max: int = 1_000
    outcome_keep_ms: int = 30 * 24 * 3_600_000
    overload_retry_ms: int = 1_000
    overload_retry_max_ms: int = 60_000
    unavailable_retry_ms: int = 1_000
    unavailable_retry_max_ms: int = 15_000


LIMITS = Limits()

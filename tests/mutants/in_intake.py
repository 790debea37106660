"""Bugs in taking changes in: numbers, outcomes, rights, the order of steps."""

from tests.mutants.mutant import SYNC, Mutant

ONLY_OWNERS = """
    if not role.members and not leaves:
        raise RoleForbidden("Only an owner can invite
"""
IN_INTAKE = (
    Mutant(
        name="a change that comes again is taken again",
        known="Every payment API without an idempotency key: the answer is lost, the client repeats itself, and the "
        "card is charged twice.",
        file=f"{SYNC}/decision.py",
        before="""
        if sent.number == expected:
            return None
""",
        after="""
        if sent.number <= expected:
            return None
""",
    ),
    Mutant(
        name="a number that was passed is taken for known",
        known="Kafka's idempotent producers are told of a duplicate by its number alone, and take it for success.",
        file=f"{SYNC}/decision.py",
        before="            raise DeviceForked(number=sent.number, index=index)",
        after='            return self._keep(device, sent, Outcome(number=sent.number, outcome="applied"))',
    ),
    Mutant(
        name="what comes again is told that it was applied",
        known="Handlers that answer a repeated request with a bare 200, though the first one had failed.",
        file=f"{SYNC}/decision.py",
        before="""
            raise DeviceForked(number=sent.number, index=index)
        return known
""",
        after="""
            raise DeviceForked(number=sent.number, index=index)
        return replace(known, text=encode(Outcome(number=sent.number, outcome="applied")))
""",
    ),
    Mutant(
        name="an outcome is forgotten once it is confirmed",
        known="Amazon SQS FIFO queues know a message for five minutes: sent again after that, it is another one.",
        file=f"{SYNC}/memory.py",
        before="""
        for device in writes.devices:
            log.pushes
""",
        after="""
        for device in writes.devices:
            for number in range(1, device.confirmed + 1):
                log.outcomes.pop((device.id, number), None)
            log.pushes
""",
    ),
    Mutant(
        name="the outcome is told before the commit is done",
        known="MongoDB's drivers acknowledged by default, until 2012, what the server had not written yet.",
        file=f"{SYNC}/intake.py",
        before="""
            decided_s = perf_counter()
            await transaction.commit(writes)
""",
        after="""
            decided_s = perf_counter()
            self._tasks.add(asyncio.create_task(transaction.commit(writes)))
""",
    ),
    Mutant(
        name="a rejected change uses up a position",
        known="Sequences of PostgreSQL and auto-increments of InnoDB: what is rolled back leaves a hole.",
        file=f"{SYNC}/decision.py",
        before="            outcomes = self._refused(device, unit, len(outcomes), error)",
        after="""
            outcomes = self._refused(device, unit, len(outcomes), error)
            self._there.position += 1
""",
    ),
    Mutant(
        name="one bad change fails its whole push",
        known="A poison message at the head of a Kafka partition: whoever reads it fails, comes back, and fails.",
        file=f"{SYNC}/decision.py",
        before="        except HomeportError as error:  # one is refused",
        after="        except Malformed as error:  # one is refused",
    ),
    Mutant(
        name="who was removed may go on writing",
        known="Web applications that check who may read and let a former member's open tab go on saving.",
        file=f"{SYNC}/overlay.py",
        before="return grant if grant is not None and grant.holds else None",
        after="return grant",
    ),
    Mutant(
        name="an editor may invite and remove",
        known="Broken function level authorization, in OWASP's ten risks of APIs: the button is hidden, the endpoint "
        "is not.",
        file=f"{SYNC}/role.py",
        before=ONLY_OWNERS,
        after="""
    if role is VIEWER and not leaves:
        raise RoleForbidden("Only an owner can invite
""",
    ),
    Mutant(
        name="a viewer may write",
        known="Broken function level authorization again: read-only accounts whose app merely hides the editor.",
        file=f"{SYNC}/role.py",
        before="    elif not role.may_write(change.kind):",
        after="    elif not role.may_write(change.kind) and is_root:",
    ),
    Mutant(
        name="nobody may remove anybody",
        known="Rights that are tested by who may and never by who may not be refused: the owner is locked out too.",
        file=f"{SYNC}/role.py",
        before=ONLY_OWNERS,
        after="""
    if not role.members or change.fields.get("role") is None:
        raise RoleForbidden("Only an owner can invite
""",
    ),
    Mutant(
        name="invited owners may neither invite nor remove",
        known="Sharing dialogs in which a second owner is one by name: the check asks who made it.",
        file=f"{SYNC}/permission.py",
        before="        _check_place(push, change, catalog, catalog.role(grant.role), there)",
        after="""
        role = catalog.role(grant.role if grant.maker or grant.role != "owner" else "editor")
        _check_place(push, change, catalog, role, there)
""",
    ),
    Mutant(
        name="every seventh change is rejected as invalid",
        known="Validation on the server that is stricter than in the app: work is refused that was taken for good.",
        file=f"{SYNC}/permission.py",
        before="    kind = catalog.check(change)  # step 3",
        after="""
    kind = catalog.check(change)  # step 3
    if change.number % 7 == 0:
        raise WrongId
""",
    ),
    Mutant(
        name="an edit that was made where a record was is refused",
        known="REST resources under their parent's path: once one has moved, writes to its old URL meet a 404.",
        file=f"{SYNC}/permission.py",
        before="or there.held(push.user, scope) is None else replace(change, scope=scope)",
        after="or True else change",
    ),
    Mutant(
        name="a deleted list still takes tasks in",
        known="Rows that point to a soft-deleted parent, which no foreign key knows to be gone.",
        file=f"{SYNC}/permission.py",
        before="if root is None or (root.record.deleted and not kind.is_root and not ends):",
        after="if root is None:",
    ),
    Mutant(
        name="lowered stamps are all the same",
        known="Servers that clamp a timestamp from the future to their own now: what one device wrote in order ties.",
        file=f"{SYNC}/decision.py",
        before="stamp=next_stamp(device.last_stamp, limit_ms, device.id)), True",
        after="stamp=next_stamp(NEVER, limit_ms, device.id)), True",
    ),
    Mutant(
        name="a rejection says nothing",
        known="APIs that answer 400 without a body, and leave an app with nothing to tell its user.",
        file=f"{SYNC}/decision.py",
        before='outcome="rejected", error=each.as_error())',
        after='outcome="rejected")',
    ),
    Mutant(
        name="a refused group leaves what came before the refusal",
        known="Batches that are no transactions: bulk APIs, and every saga whose compensation was never written.",
        file=f"{SYNC}/decision.py",
        before="        above = self._there if len(unit) == 1 else Overlay(self._there)",
        after="        above = self._there",
    ),
)

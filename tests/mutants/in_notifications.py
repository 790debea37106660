"""Bugs in whom is told, and in who is woken."""

from tests.mutants.mutant import CLIENT, NOTIFY, SERVER, Mutant

IN_NOTIFICATIONS = (
    Mutant(
        name="who did it is told of it",
        known="Chats that notify you of your own message on your other phone.",
        file=f"{SERVER}/notify/compose.py",
        before="    but = () if tell.author_too else (entry.user,)",
        after="    but = ()",
    ),
    Mutant(
        name="who has seen it is told of it",
        known="Mail that rings on the phone after it was read on the desk.",
        file=f"{NOTIFY}/sift.py",
        before="    return device == about.author or (presence.pulled_position >= about.position and not was_woken)",
        after="    return device == about.author",
    ),
    Mutant(
        name="who wants nothing is told",
        known="Campaigns whose recipients are chosen when they are planned: an opt-out takes effect with the next one.",
        file=f"{NOTIFY}/sift.py",
        before="    if reachable.preferences.mutes(notification.topic):",
        after="    if reachable.preferences.mutes(notification.topic) and False:",
    ),
    Mutant(
        name="a rule that reads again tells again",
        known="Workers whose job has no key of its own: whoever is restarted tells everybody once more.",
        file=f"{SERVER}/notify/compose.py",
        before='        key=f"rule {rule}/{position_and_stamp}/{ordinal}",',
        after='        key=f"rule {rule}/{id}/{position_and_stamp}/{ordinal}",',
    ),
    Mutant(
        name="wakes are not coalesced",
        known="Silent notifications at every change: iOS delivers none at all after a while.",
        file=f"{NOTIFY}/waking.py",
        before="        elif may_ms > now_ms:",
        after="        elif may_ms > now_ms and False:",
    ),
    Mutant(
        name="what comes twice shows twice",
        known="Providers deliver at least once, and apps believe that it is exactly once.",
        file=f"{CLIENT}/notifications.py",
        before="                if not replica.deliveries.receive(",
        after="                if None is replica.deliveries.receive(",
    ),
)

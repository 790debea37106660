"""Shrinking, on stories that nobody plays: a predicate says which of them still fail."""

from collections.abc import Callable

from homeport_client.fleet import Handset, Step, Story
from homeport_client.fleet.shrink import Shrinking

MINUTE_MS = 60_000


def story(*steps: Step, handsets: int = 20) -> Story:
    """Four people a circle, each with a phone."""
    return Story(
        seed=1,
        until_ms=90 * MINUTE_MS,
        handsets=tuple(
            Handset(name=f"phone-{number}", user=f"user-{number}", circle=number // 4) for number in range(handsets)
        ),
        steps=steps,
    )


def step(minute: int, who: int, do: str, **what: str) -> Step:
    return Step(at_ms=minute * MINUTE_MS, who=f"phone-{who}", do=do, what=what)


def has(who: int, do: str) -> Callable[[Story], bool]:
    return lambda told: any((each.who, each.do) == (f"phone-{who}", do) for each in told.steps)


def test_what_one_phone_does_is_all_that_is_left_of_a_long_story() -> None:
    long = story(*(step(minute, minute % 20, "create") for minute in range(80)), step(81, 7, "delete"))
    shrunk = Shrinking(has(7, "delete")).shrink(long)
    assert [handset.name for handset in shrunk.story.handsets] == ["phone-7"]
    assert [each.do for each in shrunk.story.steps] == ["delete"]
    assert shrunk.story.until_ms <= MINUTE_MS
    assert shrunk.tries < 40


def test_the_circle_of_a_suspect_is_tried_before_the_others() -> None:
    tried: list[set[int]] = []

    def fails(told: Story) -> bool:
        tried.append({handset.circle for handset in told.handsets})
        return has(17, "delete")(told)

    Shrinking(fails, suspects={"user-17"}).shrink(story(step(1, 2, "create"), step(2, 17, "delete")))
    assert tried[:2] == [{0, 1, 2, 3, 4}, {4}]


def test_what_needs_two_circles_keeps_both() -> None:
    both = story(step(1, 2, "create"), step(2, 17, "delete"), step(3, 18, "update"))
    shrunk = Shrinking(lambda told: has(2, "create")(told) and has(17, "delete")(told)).shrink(both)
    assert {handset.name for handset in shrunk.story.handsets} == {"phone-2", "phone-17"}
    assert [each.do for each in shrunk.story.steps] == ["create", "delete"]


def test_many_troubles_that_keep_a_phone_offline_become_one_tunnel() -> None:
    troubles = [step(minute, 1, "lose_request") for minute in range(2, 8)]

    def fails(told: Story) -> bool:
        offline = sum(6 if each.do == "no_network" else each.do == "lose_request" for each in told.steps)
        return has(1, "update")(told) and offline >= 6

    shrunk = Shrinking(fails).shrink(story(step(1, 1, "create"), *troubles, step(9, 1, "update")))
    assert [each.do for each in shrunk.story.steps] == ["no_network", "update"]


def test_a_story_that_does_not_fail_again_is_left_as_it_is() -> None:
    whole = story(step(1, 1, "create"))
    assert Shrinking(lambda told: False).shrink(whole).story == whole


def test_who_has_borrowed_a_phone_does_it_on_their_own() -> None:
    borrowed = story(step(1, 1, "create"), step(2, 2, "switch_user", user="user-1"), step(3, 2, "delete"))

    def fails(told: Story) -> bool:
        users, deleted = {handset.name: handset.user for handset in told.handsets}, False
        for each in told.steps:
            users[each.who] = str(each.what.get("user", users.get(each.who)))
            deleted |= each.do == "delete" and users[each.who] == "user-1"
        return has(1, "create")(told) and deleted

    shrunk = Shrinking(fails).shrink(borrowed)
    assert [(each.who, each.do) for each in shrunk.story.steps] == [("phone-1", "create"), ("phone-1", "delete")]

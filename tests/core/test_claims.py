import pytest

from reactor_actors.core.claims import SILENCE, Claims
from reactor_actors.core.errors import ClientError


def claims() -> Claims:
    return Claims(frozenset({"webcam", "mic"}))


def refused(claims: Claims, client: str, track: str, now: float) -> str:
    with pytest.raises(ClientError) as error:
        claims.publish(client, track, now)
    assert error.value.code == "publish_refused"
    return error.value.message


def feeds(claims: Claims, client: str, track: str, now: float, *, implicit: bool = False) -> bool:
    return claims.accepts(client, track, now, implicit=implicit)


def test_the_first_to_ask_holds_a_track_and_another_is_refused() -> None:
    held = claims()
    held.publish("anna", "webcam", 0.0)
    assert "another client" in refused(held, "ben", "webcam", 1.0)
    assert feeds(held, "anna", "webcam", 1.0)
    assert not feeds(held, "ben", "webcam", 1.0)


def test_who_holds_a_track_may_ask_again() -> None:
    held = claims()
    held.publish("anna", "webcam", 0.0)
    held.publish("anna", "webcam", 1.0)
    assert feeds(held, "anna", "webcam", 2.0)


def test_every_track_is_claimed_by_itself() -> None:
    held = claims()
    held.publish("anna", "webcam", 0.0)
    held.publish("ben", "mic", 0.0)
    assert feeds(held, "ben", "mic", 0.0)
    assert not feeds(held, "anna", "mic", 0.0)


def test_a_name_that_is_no_input_is_refused_with_those_that_are() -> None:
    assert refused(claims(), "anna", "main_video", 0.0).endswith("mic, webcam")
    assert refused(Claims(frozenset()), "anna", "webcam", 0.0).endswith("none")


def test_media_without_a_claim_is_not_accepted() -> None:
    assert not feeds(claims(), "anna", "webcam", 0.0)


def test_a_claim_by_asking_lasts_through_any_silence() -> None:
    held = claims()
    held.publish("anna", "webcam", 0.0)
    refused(held, "ben", "webcam", 1e6)
    assert not feeds(held, "flat", "webcam", 1e6, implicit=True)


def test_an_implicit_claim_comes_with_the_first_media_and_goes_with_silence() -> None:
    held = claims()
    assert feeds(held, "flat", "webcam", 0.0, implicit=True)
    assert feeds(held, "flat", "webcam", SILENCE, implicit=True)
    refused(held, "anna", "webcam", 2 * SILENCE)
    held.publish("anna", "webcam", 2 * SILENCE + 0.1)
    assert not feeds(held, "flat", "webcam", 2 * SILENCE + 0.2, implicit=True)


def test_an_implicit_claim_is_never_made_on_a_track_that_is_none() -> None:
    assert not feeds(claims(), "flat", "main_video", 0.0, implicit=True)


def test_only_the_holder_gives_a_track_back() -> None:
    held = claims()
    held.publish("anna", "webcam", 0.0)
    held.unpublish("ben", "webcam")
    held.unpublish("anna", "mic")
    refused(held, "ben", "webcam", 0.0)
    held.unpublish("anna", "webcam")
    held.publish("ben", "webcam", 0.0)


def test_release_gives_back_everything_of_one_client() -> None:
    held = claims()
    held.publish("anna", "webcam", 0.0)
    held.publish("anna", "mic", 0.0)
    held.release("ben")
    refused(held, "ben", "mic", 0.0)
    held.release("anna")
    held.publish("ben", "webcam", 0.0)
    held.publish("ben", "mic", 0.0)


def test_claims_serve_exactly_the_inputs_they_were_made_for() -> None:
    assert claims().serve(frozenset({"mic", "webcam"}))
    assert not claims().serve(frozenset({"mic"}))

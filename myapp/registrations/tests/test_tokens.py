"""The tokens that QR codes hold, down to the bytes: doors that are out of reach verify them."""

import base64
import hashlib
import hmac
import json
import string

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from myapp.registrations import signing, tokens
from myapp.registrations.models import Registration, State
from myapp.registrations.tokens import TokenRefused
from myapp.testing.needs import needs_shared_data

# Printed tickets and armed doors rely on these bytes: when this fails, the code is wrong and not the test.
GOLDEN_SECRET = "golden secret of the token tests"
GOLDEN_KEY = "tZ3l-etGP0fIKE_Uiajy6-BzjFU3Qw5KQw9bOaqe8Zc"
GOLDEN_TOKEN = (
    "EM1.AQAAAAAHW80VAAAAADreaLEAAgAAAAM."
    "cQn9vKXZAOJz3gos0A0iJuyn01sFAb0qrPaEoH0KAne95k_nNVoIEFjebnDaBQceSQTVNfItfjPUorvIz79MDw"
)


@pytest.fixture
def golden_secret(settings):
    settings.SECRET_KEY = GOLDEN_SECRET
    settings.SECRET_KEY_FALLBACKS = []


def registration(**fields):
    given = {"pk": 987_654_321, "desk_id": 123_456_789, "rotation": 3, "state": State.CONFIRMED, "guests": []}
    return Registration(**(given | fields))


def refusal(text):
    with pytest.raises(TokenRefused) as refused:
        tokens.read(text)
    assert refused.value.sentence
    return refused.value.code


def test_a_token_has_the_bytes_that_doors_know(golden_secret):
    assert tokens.make(registration(), 2) == GOLDEN_TOKEN
    assert signing.public_keys() == [GOLDEN_KEY]
    assert tokens.read(GOLDEN_TOKEN) == (123_456_789, 987_654_321, 2, 3)


def test_the_key_is_the_one_that_rfc_5869_says(golden_secret):
    pseudo_random = hmac.digest(bytes(32), GOLDEN_SECRET.encode(), hashlib.sha256)
    seed = hmac.digest(pseudo_random, b"eventmate ticket signing key 1\x01", hashlib.sha256)
    key = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    assert signing.encoded(key) == GOLDEN_KEY


def test_a_token_is_read_as_it_was_made_at_the_ends_of_its_numbers():
    most = registration(pk=2**63 - 1, desk_id=2**63 - 1, rotation=2**31 - 1)
    assert tokens.read(tokens.make(most, 65_535)) == (2**63 - 1, 2**63 - 1, 65_535, 2**31 - 1)
    assert len(tokens.make(most, 65_535)) == len(tokens.make(registration())) == 122


def test_each_place_has_a_token_of_its_own():
    made = tokens.make_all(registration(guests=["Bo", ""]))
    assert [tokens.read(token).place for token in made] == [0, 1, 2]


def test_a_token_of_a_secret_that_is_still_believed_is_read(settings):
    token = tokens.make(registration())
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new one", [settings.SECRET_KEY]
    assert tokens.read(token).registration_id == 987_654_321
    assert len(signing.public_keys()) == 2
    settings.SECRET_KEY_FALLBACKS = []
    assert refusal(token) == "forged"


def test_a_token_with_any_bit_changed_is_refused():
    token = tokens.make(registration())
    for at in range(4, len(token)):
        other = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
        assert refusal(other) in {"forged", "incomplete"}, at


def test_a_token_of_another_key_is_refused(settings):
    own = settings.SECRET_KEY
    settings.SECRET_KEY = "somebody else's"
    forged = tokens.make(registration())
    settings.SECRET_KEY = own
    assert refusal(forged) == "forged"


def test_a_token_that_was_cut_off_is_refused_wherever_it_was_cut():
    token = tokens.make(registration())
    codes = [refusal(token[:length]) for length in range(len(token))]
    assert set(codes[4:]) == {"not_a_ticket", "incomplete"}
    assert set(codes[5:]) == {"incomplete"}


def test_a_token_has_one_spelling_only():
    token = tokens.make(registration())
    head, payload, signature = token.split(".")
    # The last character carries bits that nothing uses: sixteen letters stand for the same bytes.
    letters = string.ascii_letters + string.digits + "-_"
    spellings = [
        signature[:-1] + last for last in letters if decoded(signature[:-1] + last) == decoded(signature)
    ]
    assert len(spellings) == 16
    assert all(
        refusal(f"{head}.{payload}.{other}") == "incomplete" for other in spellings if other != signature
    )
    assert refusal(f"{head}.{payload}=.{signature}") == "incomplete"
    assert refusal(f"{head}.{payload}.{signature}==") == "incomplete"
    assert tokens.read(f" {token}\n").place == 0


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "not_a_ticket"),
        ("EM1", "not_a_ticket"),
        ("EM1.", "not_a_ticket"),
        ("https://example.edu/tickets/", "not_a_ticket"),
        ("em1.AAAA.BBBB", "not_a_ticket"),
        ("EMx.AAAA.BBBB", "not_a_ticket"),
        ("EM1." + "A" * 400, "not_a_ticket"),
        ("EM2.AAAA.BBBB", "other_version"),
        ("EM1.AAAA", "incomplete"),
        ("EM1.AAAA.BBBB", "incomplete"),
        ("EM1.AAAA.BBBB.CCCC", "incomplete"),
        ("EM1.é.ü", "incomplete"),
        ("EM1.\x00.\x00", "incomplete"),
    ],
)
def test_what_is_no_token_is_refused_with_a_stable_code(text, code):
    assert refusal(text) == code


def test_naughty_strings_are_no_tokens():
    naughty = json.loads((needs_shared_data("naughty-strings") / "blns.json").read_text())
    assert {refusal(text) for text in naughty} <= {"not_a_ticket", "incomplete"}


@pytest.mark.parametrize(
    ("now", "place", "code"),
    [
        ({"rotation": 4}, 0, "handed_on"),
        ({"state": State.CANCELLED}, 0, "not_confirmed"),
        ({"state": State.OFFERED}, 0, "not_confirmed"),
        ({"pk": 1}, 0, "another_ticket"),
        ({"desk_id": 1}, 0, "another_ticket"),
        ({"guests": ["Bo"]}, 2, "no_such_guest"),
    ],
)
def test_a_token_that_is_no_longer_true_is_refused(now, place, code):
    token = tokens.read(tokens.make(registration(), place))
    with pytest.raises(TokenRefused) as refused:
        tokens.check(token, registration(**now))
    assert refused.value.code == code


def test_a_token_that_is_true_passes():
    tokens.check(tokens.read(tokens.make(registration(), 1)), registration(guests=["Bo"]))

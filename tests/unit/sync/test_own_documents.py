"""What our SDKs ever sent is trusted for ever: old apps still send a document that is taken out or changed."""

from hashlib import sha256

from homeport_sync.own_documents import OWN_DOCUMENTS

EVER_SENT = """
02cf3971ecee6b4f
02f91f02cd0d15d6
1a63c71611c868f9
1dec2619068b3a0f
203beeeb067edaec
2d0bd164b4bbec47
385843f425441a62
4cf15d9adb3397c1
5363457f1d3384ef
6c79c958f29fc51b
78473926bb4ee24e
90c3ed41e94e2d2f
c814a7717bcae773
fe470105a11b10e1
fe78782bdb0e0ea8
"""


def test_no_document_that_was_ever_sent_is_taken_out_or_changed() -> None:
    assert set(EVER_SENT.split()) <= {sha256(text.encode()).hexdigest()[:16] for text in OWN_DOCUMENTS}


def test_each_is_one_line_so_that_what_travels_is_what_is_known() -> None:
    assert not [text for text in OWN_DOCUMENTS if "\n" in text or text != text.strip()]

import pytest

from dispatch.service.security import ANONYMOUS, client_of


def said(value):
    return (("x-other", "a"), ("x-client-id", value))


@pytest.mark.parametrize(
    ("common_name", "metadata", "client"),
    [
        (None, (), ANONYMOUS),
        (None, said("cad-120"), "cad-120"),
        (None, said(b"cad-120"), "cad-120"),
        (None, said("a" * 64), "a" * 64),
        (None, said("a" * 65), ANONYMOUS),
        (None, said("a\nb"), ANONYMOUS),
        (None, said("调度"), ANONYMOUS),
        (None, said(""), ANONYMOUS),
        (b"cad-tls", said("somebody"), "cad-tls"),
        (b"CN with blanks", said("somebody"), ANONYMOUS),
        (b"\xff\xfe", said("somebody"), ANONYMOUS),
    ],
)
def test_who_is_calling(common_name, metadata, client):
    proven = {"x509_common_name": [common_name]} if common_name is not None else {}
    assert client_of(proven, metadata) == client

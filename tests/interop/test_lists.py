"""Lists: odd keys, delimiters, pages."""
import pytest

ODD = [" ", " lead", "trail ", "a+b", "a%20b", "a%2Fb", "100%", "ü/ö", "日本", "😀", ".hidden", "..", "a//b", "a&b<c>'\"", "tab\tx",
       "line\nx", "del\x7f", "?q=1", "#frag", "~", "*", "a\\b"]

CONTROL = ["bell\x07", "esc\x1b["]  # XML cannot hold them: only a list with encoding-type=url can


def everything(page, prefix, **more):
    """All keys and prefixes, page by page, and how many pages there were."""
    keys, prefixes, marker, pages = [], [], "", 0
    while True:
        found, common, marker = page(prefix, more.get("delimiter", ""), marker, more.get("max_keys", 100))
        keys += [name for name, _, _ in found]
        prefixes += common
        pages += 1
        if not marker:
            return keys, prefixes, pages


@pytest.fixture(params=["page", "page_v2"])
def page(request, sdk):
    return getattr(sdk, request.param)


@pytest.fixture(scope="module")
def odd(emulator):
    for name in ODD:
        assert emulator.request("PUT", "odd/" + name, body=b"x" * len(name))[0] == 200
    return sorted(("odd/" + name for name in ODD), key=str.encode)


def test_odd_keys(page, odd):
    found, prefixes, _ = page("odd/")
    assert [name for name, _, _ in found] == odd
    assert [int(size) for _, size, _ in found] == [len(name) - 4 for name in odd]
    assert prefixes == []


def test_control_characters(page, sdk, prefix):
    if sdk.name == "ali-oss":
        pytest.skip("it does not ask for encoding-type=url")
    for name in CONTROL:
        sdk.put(prefix + name, b"x")
    assert [name for name, _, _ in page(prefix)[0]] == [prefix + name for name in CONTROL]


def test_odd_keys_are_got_and_deleted(sdk, prefix):
    for name in ODD + CONTROL:
        if name == "..":
            continue  # clients resolve it before they send it
        data = name.encode()
        sdk.put(prefix + name, data)
        assert sdk.get(prefix + name)[1] == data, name
        assert sdk.head(prefix + name)["content-length"] == str(len(data)), name
        sdk.delete(prefix + name)
    assert sdk.page(prefix)[0] == []


def test_pages(page, odd):
    keys, _, pages = everything(page, "odd/", max_keys=4)
    assert keys == odd and pages == -(-len(odd) // 4)


def test_a_delimiter(page, odd):
    keys, prefixes, _ = everything(page, "odd/", delimiter="/", max_keys=5)
    assert prefixes == ["odd/a/", "odd/ü/"]
    assert keys == [name for name in odd if "/" not in name[4:]]


def test_a_delimiter_that_is_odd_itself(page, odd):
    keys, prefixes, _ = everything(page, "odd/", delimiter="%2")
    assert prefixes == ["odd/a%2"]
    assert keys == [name for name in odd if "%2" not in name]


def test_nothing_is_found(page):
    keys, prefixes, marker = page("there is/no such")
    assert (keys, prefixes) == ([], []) and not marker

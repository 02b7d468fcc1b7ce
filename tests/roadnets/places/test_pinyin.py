"""How names sound."""

import pytest

from roadnets.places.pinyin import initials, readings, rough_english, typed_sound


def sounds(name: str) -> list[str]:
    return [reading.text for reading in readings(name)]


@pytest.mark.parametrize(
    ("name", "sound"),
    [
        ("解放大道", "jiefangdadao"),
        ("重庆路", "chongqinglu"),
        ("绿地中心", "ludizhongxin"),
        ("深圳大学", "shenzhendaxue"),
        ("G4高速", "g4gaosu"),
        ("阳光花园3号门", "yangguanghuayuan3haomen"),
        ("鏡湖路", "jinghulu"),
    ],
)
def test_the_likeliest_reading_comes_first(name: str, sound: str) -> None:
    assert sounds(name)[0] == sound


def test_characters_of_two_sounds_are_read_both_ways() -> None:
    assert {"changlejie", "zhanglejie", "changyuejie"} <= set(sounds("长乐街"))


def test_a_number_is_read_as_digit_and_as_word() -> None:
    assert {"di3jie", "disanjie"} <= set(sounds("第三街"))


def test_readings_are_few() -> None:
    assert len(readings("长乐长乐长乐长乐")) == 6


def test_latin_names_have_no_reading() -> None:
    assert readings("Carrer Major") == ()
    assert rough_english("Carrer Major") == ""


def test_initials() -> None:
    assert initials(readings("解放大道")[0]) == "jfdd"
    assert initials(readings("阳光花园12号门")[0]) == "yghy12hm"


@pytest.mark.parametrize(
    ("typed", "sound"),
    [
        ("jiefang dadao", "jiefangdadao"),
        ("jiěfàng dàdào", "jiefangdadao"),
        ("jie3fang4 da4dao4", "jiefangdadao"),
        ("lvdi", "ludi"),
        ("lǜdì", "ludi"),
        ("gujing 1 xiang", "gujing1xiang"),
        ("gujing1xiang", "gujing1xiang"),
    ],
)
def test_typed_pinyin(typed: str, sound: str) -> None:
    assert sound in [form.text for form in typed_sound(typed)]


@pytest.mark.parametrize(
    ("name", "english"),
    [
        ("解放大道", "Jiefang Avenue"),
        ("解放东路", "Jiefang East Road"),
        ("阳光花园", "Yangguang Garden"),
        ("镜湖", ""),
        ("大桥", ""),
    ],
)
def test_rough_english(name: str, english: str) -> None:
    assert rough_english(name) == english

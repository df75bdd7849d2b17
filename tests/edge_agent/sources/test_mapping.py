"""The signal list as plants write it."""

from __future__ import annotations

import pathlib

import pytest
from ovoo_contract.catalogue import Catalogue
from ovoo_contract.errors import ConfigError, ConfigErrors
from ovoo_edge.mapping import bind_signals, read_signals
from ovoo_edge.sources.json_path import ABSENT, follow, parse_json_path

HEADER = "address,unit,source,node,scale,offset,source_unit,low,high,name_zh,freshness_s"
FAN = "heishan-coal/heishan/ventilation/main/fan1"


def write(tmp_path: pathlib.Path, text: str, encoding: str = "utf-8", prefix: bytes = b"") -> pathlib.Path:
    path = tmp_path / "signals.csv"
    path.write_bytes(prefix + text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("encoding", "prefix"),
    [("utf-8", b""), ("utf-8", b"\xef\xbb\xbf"), ("gbk", b""), ("gb18030", b""), ("utf-16", b"")],
    ids=["utf8", "bom", "gbk", "gb18030", "utf16"],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
def test_every_encoding_and_delimiter_of_a_spreadsheet_reads_alike(
    tmp_path: pathlib.Path, encoding: str, prefix: bytes, delimiter: str
) -> None:
    text = f"{HEADER}\r\n{FAN}/power,kW,plc,nsu=urn:x;s=P,,,W,0,500,主通风机功率 喆堃犇,30\r\n"
    quoted = text.replace(",", delimiter).replace("nsu=urn:x;s=P", '"nsu=urn:x;s=P"')

    (row,) = read_signals(write(tmp_path, quoted, encoding, prefix))

    assert row.entry.name_zh == "主通风机功率 喆堃犇"
    assert row.reference == "nsu=urn:x;s=P"
    assert row.freshness_s == 30


def test_scale_then_unit_conversion_becomes_one_factor_and_offset(tmp_path: pathlib.Path) -> None:
    text = f"{HEADER}\n{FAN}/bearing_temp,degC,plc,n,0.1,0,K,-50,200,,\n"

    (row,) = read_signals(write(tmp_path, text))

    assert 2931.5 * row.factor + row.offset == pytest.approx(20.0)


def test_all_faults_of_a_file_come_together_with_their_lines(tmp_path: pathlib.Path) -> None:
    text = (
        f"{HEADER}\n"
        f"{FAN}/power,kW,plc,a,1,5,,,,,\n"
        f"{FAN}/power,kW,plc,b,,,,,,,\n"
        f"{FAN}/flow,furlong,plc,c,,,,,,,\n"
        f"{FAN}/speed,r/min,plc,d,1.000,5,kW,,,,\n"
        f'{FAN}/current,A,plc,e,"1,5",,,,,,-1\n'
        f"Fan/UPPER,A,plc,f,,,,,,,\n"
    )

    with pytest.raises(ConfigErrors) as caught:
        read_signals(write(tmp_path, text))

    message = str(caught.value)
    named = ["signals.csv:3", "stands twice", "signals.csv:4", "furlong", "signals.csv:5", "source_unit"]
    named += ["signals.csv:6 scale", "signals.csv:6 freshness_s", "signals.csv:7"]
    for part in named:
        assert part in message, part


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("address,unit,colour\n", "unknown column"),
        ("address\n", "column is missing"),
        ("address,unit,unit\n", "stands twice"),
        ("address,unit\na,b,c\n", "too many columns"),
        ('address,unit\n"a', "broken CSV"),
    ],
    ids=["unknown", "missing", "twice", "too-many", "broken"],
)
def test_header_faults_are_named(tmp_path: pathlib.Path, text: str, said: str) -> None:
    with pytest.raises(ConfigErrors, match=said):
        read_signals(write(tmp_path, text))


def test_a_file_that_is_no_text_is_refused(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "signals.csv"
    path.write_bytes(b"PK\x03\x04\xff\xff\x00\x80")

    with pytest.raises(ConfigErrors, match="not a text file"):
        read_signals(path)
    with pytest.raises(ConfigErrors, match="cannot be read"):
        read_signals(tmp_path / "absent.csv")


def test_binding_uses_catalogue_indexes_and_only_the_sources_rows(tmp_path: pathlib.Path) -> None:
    text = f"{HEADER}\n{FAN}/power,kW,plc,a,,,,,,,\n{FAN}/speed,r/min,mq,b,,,,,,,\n"
    text += f"# note\n\n{FAN}/flow,m3/s,plc,c,,,,,,,9\n"
    rows = read_signals(write(tmp_path, text))
    catalogue = Catalogue([row.entry for row in rows])

    bound = bind_signals(rows, catalogue, "plc")

    assert [(signal.index, signal.reference, signal.freshness_s) for signal in bound] == [
        (catalogue.index(rows[0].entry.address), "a", 0.0),
        (catalogue.index(rows[2].entry.address), "c", 9.0),
    ]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a.b[1]", 20),
        ('["x.y"]', 1),
        ("$.a.b[0]", 10),
        ("a.b[9]", ABSENT),
        ("a.c", ABSENT),
        ("a[0]", ABSENT),
        ('["q\\"q"]', 2),
    ],
)
def test_json_paths(path: str, found: object) -> None:
    document = {"a": {"b": [10, 20]}, "x.y": 1, 'q"q': 2}
    assert follow(document, parse_json_path(path)) is found or follow(document, parse_json_path(path)) == found


@pytest.mark.parametrize("path", ["a..b", "a[", "a[-1]", '["x', "a]b"])
def test_broken_json_paths_are_refused(path: str) -> None:
    with pytest.raises(ConfigError, match="not a JSON path"):
        parse_json_path(path, "here")

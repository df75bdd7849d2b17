"""A settings file is taken whole or refused with every fault at once."""

from __future__ import annotations

import pathlib

import pytest
from ovoo_contract.errors import ConfigErrors
from ovoo_edge.config import GatewayConfig, load
from ovoo_edge.samples import sample, sample_names
from ovoo_edge.spool_policy import SpoolPolicy

GATEWAY = """
[gateway]
id = "gw-1"
enterprise = "heishan-coal"
site = "heishan"
state_dir = "state"
signals = ["signals.csv"]
"""
SOURCE = """
[[source]]
name = "rec"
driver = "replay"
path = "rec.ovb"
"""
SINK = """
[[sink]]
name = "cloud"
driver = "mqtt"
host = "127.0.0.1"
"""
FAN = "heishan-coal/heishan/ventilation/main/fan1"
SIGNALS = f"address,template,source,unit\n{FAN}/power,coal_mine/main_fan,rec,\n{FAN}/running,main_fan,rec,\n"


def write(folder: pathlib.Path, text: str, signals: str | bytes = SIGNALS) -> pathlib.Path:
    content = signals.encode("utf-8") if isinstance(signals, str) else signals
    (folder / "signals.csv").write_bytes(content)
    path = folder / "agent.toml"
    path.write_text(text, encoding="utf-8")
    return path


def faults(path: pathlib.Path) -> list[str]:
    with pytest.raises(ConfigErrors) as caught:
        load(path)
    return [str(error) for error in caught.value.errors]


def loaded(folder: pathlib.Path, text: str, signals: str | bytes = SIGNALS) -> GatewayConfig:
    return load(write(folder, text, signals))


def test_a_small_file_is_complete(tmp_path: pathlib.Path) -> None:
    config = loaded(tmp_path, GATEWAY + SOURCE + SINK)

    assert (config.gateway, config.enterprise, config.site) == ("gw-1", "heishan-coal", "heishan")
    assert config.state_dir == tmp_path / "state"
    assert config.commit_s == 0.2
    assert config.spool.budget_mib == 1024
    assert config.health.listen == "127.0.0.1:9108"
    assert [source.name for source in config.sources] == ["rec"]
    assert [(sink.name, sink.scope, sink.max_class) for sink in config.sinks] == [("cloud", "region", "general")]


def test_the_raspberry_profile_commits_less_often(tmp_path: pathlib.Path) -> None:
    text = GATEWAY + 'profile = "raspberry"\n' + SOURCE + SINK
    assert loaded(tmp_path, text).commit_s == 1.0
    assert loaded(tmp_path, text + "[spool]\ncommit_ms = 50\n").commit_s == 0.05


def test_templates_fill_what_the_list_leaves_open(tmp_path: pathlib.Path) -> None:
    power, running = loaded(tmp_path, GATEWAY + SOURCE + SINK).signals

    assert power.entry.unit == "kW"
    assert power.entry.name_zh
    assert power.entry.high is not None
    assert running.entry.type == "bool"


def test_a_filled_cell_wins_over_the_template_and_units_convert(tmp_path: pathlib.Path) -> None:
    text = f"address,template,unit,source_unit,high\n{FAN}/power,main_fan,kW,W,123\n"
    (power,) = loaded(tmp_path, GATEWAY + SOURCE + SINK, text).signals

    assert power.entry.high == 123.0
    assert (power.factor, power.offset) == (0.001, 0.0)


def test_all_faults_come_together_with_path_value_and_remedy(tmp_path: pathlib.Path) -> None:
    text = """
    colour = "red"
    [gateway]
    id = "Gateway 1"
    enterprise = "heishan-coal"
    site = "heishan"
    state_dir = "state"
    profile = "pi"
    signals = ["signals.csv"]
    [spool]
    budget_mib = 1
    speed = 3
    policy = "forget"
    class_policy = { secret = "thin", core = "keep" }
    order = ["core", "general"]
    thin_to_s = 0.1
    [health]
    listen = "everywhere"
    [[source]]
    name = "rec"
    driver = "profinet"
    [[sink]]
    name = "cloud"
    driver = "mqtt"
    host = "h"
    max_class = "core"
    port = "8883"
    """
    found = faults(write(tmp_path, text))

    for expected in (
        "colour: unknown table",
        "gateway.id: ",
        "gateway.profile: is not a known choice (got 'pi'; one of x86, raspberry)",
        "spool.budget_mib: must be a whole number in range (got 1;",
        "spool.speed: unknown key (got 3; known keys:",
        "spool.policy: is not a known choice (got 'forget'; one of drop_oldest, drop_newest, thin, block",
        "spool.class_policy: is not a data class (got 'secret'; one of general, important, core",
        "spool.class_policy.core: is not a known choice (got 'keep'; one of drop_oldest, drop_newest, thin, block",
        "spool.order: does not name every data class once (got 'core, general'; each of general, important, core once",
        "spool.thin_to_s: is out of range (got 0.1; 1 to 86400",
        "health.listen: is not host:port (got 'everywhere';",
        "source[0].driver: unknown driver (got 'profinet'; one of",
        "sink[0].max_class: is above what scope 'region' may carry (got 'core'; at most 'general'",
        "sink[0].port: must be a whole number in range (got '8883';",
    ):
        assert any(fault.startswith(expected) for fault in found), (expected, found)


def test_what_gives_way_near_the_budget_is_told_by_class(tmp_path: pathlib.Path) -> None:
    text = GATEWAY + SOURCE + SINK
    assert loaded(tmp_path, text).spool.policy == SpoolPolicy()
    assert loaded(tmp_path, text + '[spool]\npolicy = "block"\n').spool.policy == SpoolPolicy.same("block")

    told = """
    [spool]
    policy = "thin"
    class_policy = { general = "drop_newest", core = "block" }
    order = ["important", "general", "core"]
    thin_to_s = 10
    """
    policy = loaded(tmp_path, text + told).spool.policy
    assert policy == SpoolPolicy(("drop_newest", "thin", "block"), (1, 0, 2), 10_000_000_000)


def test_a_sink_above_its_class_is_an_error_and_a_site_sink_may_carry_core(tmp_path: pathlib.Path) -> None:
    site = SINK + 'scope = "site"\nmax_class = "core"\n'
    assert loaded(tmp_path, GATEWAY + SOURCE + site).sinks[0].max_class == "core"

    (fault,) = faults(write(tmp_path, GATEWAY + SOURCE + SINK + 'max_class = "important"\n'))
    assert "sink[0].max_class: is above what scope 'region' may carry (got 'important'" in fault
    assert "only a sink with scope 'site' may carry more" in fault


def test_a_unit_mismatch_names_the_line(tmp_path: pathlib.Path) -> None:
    text = f"address,unit,source_unit\n{FAN}/power,kW,degC\n"
    (fault,) = faults(write(tmp_path, GATEWAY + SOURCE + SINK, text))
    assert fault.startswith("signals.csv:2 source_unit")
    assert "'degC'" in fault


@pytest.mark.parametrize(
    ("signals", "expected"),
    [
        (f"address,unit\n{FAN}/power,kW\n{FAN}/power,kW\n", "address stands twice"),
        ("address,unit\nother/heishan/a/b/c/power,kW\n", "is not of this gateway's site"),
        (f"address,unit,source\n{FAN}/power,kW,plc\n", "no such source (got 'plc'; one of rec)"),
        (f"address,template\n{FAN}/power,coal_mine/rocket\n", "no such template"),
        (f"address,template\n{FAN}/thrust,coal_mine/main_fan\n", "template coal_mine/main_fan has no such signal"),
        (f"address,template\n{FAN}/thrust,moon/main_fan\n", "template"),
        (f"address,unit\n{FAN}/power,furlong\n", "unknown unit"),
        ("", "signals.csv"),
    ],
)
def test_faults_of_the_signal_list_name_line_and_remedy(tmp_path: pathlib.Path, signals: str, expected: str) -> None:
    found = faults(write(tmp_path, GATEWAY + SOURCE + SINK, signals))
    assert any(expected in fault for fault in found), found


def test_a_list_from_a_chinese_spreadsheet_is_read(tmp_path: pathlib.Path) -> None:
    text = f"address;unit;name_zh\r\n{FAN}/power;kW;主扇功率\r\n"
    for encoding in ("gb18030", "utf-8-sig", "utf-16"):
        (row,) = loaded(tmp_path, GATEWAY + SOURCE + SINK, text.encode(encoding)).signals
        assert row.entry.name_zh == "主扇功率"


def test_signals_may_stand_inline(tmp_path: pathlib.Path) -> None:
    inline = f'[[signal]]\naddress = "{FAN}/speed"\ntemplate = "main_fan"\ndeadband = 2.5\nkeep_times = true\n'
    config = loaded(tmp_path, GATEWAY + SOURCE + SINK + inline)

    assert [row.entry.address.signal for row in config.signals] == ["power", "running", "speed"]
    assert (config.signals[2].treatment.deadband, config.signals[2].entry.keep_times) == (2.5, True)

    (fault,) = faults(write(tmp_path, GATEWAY + SOURCE + SINK + inline + "dead_band = 1\n"))
    assert fault.startswith("signal[0].dead_band: unknown key")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[gateway", "is not TOML"),
        ("", "gateway: is missing"),
        (GATEWAY + SOURCE, "sink: is missing"),
        (GATEWAY + SOURCE + SINK + SINK, "sink[1].name: name stands twice"),
        (GATEWAY + SOURCE + "[sink]\nname = 'x'\n", "sink: is not a list of tables"),
        (GATEWAY + SOURCE + SINK + 'key_file = "absent.key"\n', "sink[0].key_file: No such file"),
        (
            GATEWAY + SOURCE + SINK + '[[model]]\nasset = "fan1"\nartifact = "x"\n',
            "model[0].asset: is not area/line/asset",
        ),
        (GATEWAY + SOURCE + SINK + '[[model]]\nasset = "a/b/c"\nartifact = "x"\n', "model[0].artifact: no such file"),
    ],
)
def test_structural_faults_are_named(tmp_path: pathlib.Path, text: str, expected: str) -> None:
    found = faults(write(tmp_path, text))
    assert any(expected in fault for fault in found), found


def test_a_secret_that_others_can_read_is_refused(tmp_path: pathlib.Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("s3cret\n")
    secret.chmod(0o644)
    influx = '[[sink]]\nname = "db"\ndriver = "influx"\nurl = "http://127.0.0.1:8086"\ntoken_file = "token"\n'

    (fault,) = faults(write(tmp_path, GATEWAY + SOURCE + influx))
    assert "sink[0].token_file: readable by others" in fault
    assert "chmod 600" in fault
    assert "s3cret" not in fault

    secret.chmod(0o600)
    assert loaded(tmp_path, GATEWAY + SOURCE + influx).sinks[0].name == "db"


def test_an_address_with_a_password_in_it_is_refused(tmp_path: pathlib.Path) -> None:
    influx = '[[sink]]\nname = "db"\ndriver = "influx"\nurl = "http://u:p@127.0.0.1:8086"\n'
    (fault,) = faults(write(tmp_path, GATEWAY + SOURCE + influx))
    assert "without credentials" in fault


@pytest.mark.parametrize("name", [name for name in sample_names() if name.startswith("sink-")])
def test_sink_samples_are_valid_also_with_every_default_spelled_out(tmp_path: pathlib.Path, name: str) -> None:
    plain = loaded(tmp_path, GATEWAY + SOURCE + sample(name)).sinks

    lines = [line for line in sample(name).splitlines() if not line.startswith("# ") or " = " in line]
    spelled = "\n".join(
        line.removeprefix("# ") for line in lines if "_file" not in line and not line.startswith("# The")
    )
    assert loaded(tmp_path, GATEWAY + SOURCE + spelled).sinks == plain


def test_the_agent_sample_is_valid_also_with_every_default_spelled_out(tmp_path: pathlib.Path) -> None:
    text = sample("agent")
    plain = loaded(tmp_path, text, SIGNALS.replace(",rec,", ",plc,"))

    kept = [line for line in text.splitlines() if "enrol" not in line and "cloud.example" not in line]
    kept = [line for line in kept if "ca_file" not in line][: kept.index("[[source]]")]
    rest = text[text.index("[[source]]") : text.index("# A signal may")]
    head = [line.removeprefix("# ") if " = " in line else line for line in kept if not line.startswith("[[")]
    spelled = loaded(tmp_path, "\n".join(head) + "\n" + rest, SIGNALS.replace(",rec,", ",plc,"))
    assert spelled == plain

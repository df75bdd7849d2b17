from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from ovoo_contract.errors import ConfigError
from ovoo_contract.quality import BAD_NO_COMMUNICATION, GOOD
from ovoo_packs import load_pack
from ovoo_simulator.faults import Fault
from ovoo_simulator.laws.dairy import lethality
from ovoo_simulator.laws.heat import COAL_LHV_KJ_KG, FEEDWATER_KJ_KG, boiler_efficiency, steam_enthalpy
from ovoo_simulator.plants import PLANTS, Plant, PlantColumns, create_plant
from ovoo_simulator.plants.coal_chemical import METHANOL_T_PER_M3, SELECTIVITY
from ovoo_simulator.plants.dairy import CONCENTRATE, FEED_SOLIDS, MILK_T_PER_M3, STEAM_ECONOMY, TANK_M3
from ovoo_simulator.times import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS, local_midnight_ns

NAMES = tuple(PLANTS)
ORIGIN_NS = local_midnight_ns(1_795_392_000 * SECOND_NS)
Array = NDArray[np.float64]


@cache
def plant(name: str, copies: int = 1) -> Plant:
    return create_plant(name, seed=3, copies=copies, origin_ns=ORIGIN_NS)


@cache
def fortnight(name: str) -> PlantColumns:
    return plant(name).simulate(ORIGIN_NS, MINUTE_NS, 14 * 1440)


def column(name: str, path: str, signal: str) -> Array:
    for row, entry in enumerate(plant(name).entries):
        if (entry.address.asset_path, entry.address.signal) == (path, signal):
            values: Array = fortnight(name).value[row]
            return values
    raise AssertionError(f"{path}/{signal}")


@pytest.mark.parametrize("name", NAMES)
def test_signals_are_those_of_the_pack(name: str) -> None:
    pack = load_pack(name)

    found: dict[str, list[str]] = {}
    for entry in plant(name).entries:
        found.setdefault(entry.address.asset_path, []).append(entry.address.signal)

    expected = {each.default_path: [signal.name for signal in each.signals] for each in pack.templates.values()}
    assert found == expected


@pytest.mark.parametrize("name", NAMES)
def test_every_sensor_and_fault_names_signals_of_its_template(name: str) -> None:
    pack = load_pack(name)

    for machine in plant(name).machines:
        signals = {signal.name for signal in pack.template(machine.model.template).signals}
        assert set(machine.model.sensors) == signals
        for rule in machine.model.rules:
            assert set(rule.affects) <= signals
            assert bool(rule.sensor) == (rule.kind in ("stuck_sensor", "drift"))


@pytest.mark.parametrize("name", NAMES)
def test_readings_stay_within_the_ranges_of_the_pack(name: str) -> None:
    for row, entry in enumerate(plant(name).entries):
        values = fortnight(name).value[row]
        low, high = np.nanmin(values), np.nanmax(values)
        assert entry.low is None or low >= entry.low, entry.address
        assert entry.high is None or high <= entry.high, entry.address


@pytest.mark.parametrize("name", NAMES)
def test_summer_and_winter_stay_within_the_ranges(name: str) -> None:
    whole = create_plant(name, seed=4, origin_ns=ORIGIN_NS)
    for start in (ORIGIN_NS + 45 * DAY_NS, ORIGIN_NS + 235 * DAY_NS):
        columns = whole.truth(start + 600 * SECOND_NS * np.arange(4 * 144, dtype=np.int64))
        for entry in whole.entries:
            values = columns.get(entry.address.asset_path, {}).get(entry.address.signal)
            if values is not None:
                assert entry.low is None or values.min() >= entry.low, entry.address
                assert entry.high is None or values.max() <= entry.high, entry.address


@pytest.mark.parametrize("name", NAMES)
def test_no_alarm_limit_is_passed_without_a_fault(name: str) -> None:
    pack = load_pack(name)
    for template in pack.templates.values():
        for alarm in template.alarms:
            values = column(name, template.default_path, alarm.signal)
            values = values[~np.isnan(values)]
            passed = values >= alarm.limit if alarm.kind == "high" else values <= alarm.limit
            assert not passed.any(), (template.id, alarm.signal)


@pytest.mark.parametrize("name", NAMES)
def test_a_live_second_equals_the_batch(name: str) -> None:
    start = ORIGIN_NS + 3 * DAY_NS + 5 * HOUR_NS
    faults = (
        Fault("bearing_wear", "ventilation/main/fan1", "", start - HOUR_NS, start + HOUR_NS, 1.0, ("vibration",)),
        Fault(
            "stuck_sensor", "powder/line1/evap1", "vacuum", start + 30 * SECOND_NS, start + HOUR_NS, 1.0, ("vacuum",)
        ),
    )
    batch = plant(name).simulate(start, SECOND_NS, 90, faults)
    live = create_plant(name, seed=3, origin_ns=ORIGIN_NS)

    for second in (0, 1, 29, 30, 89):
        one = live.simulate(start + second * SECOND_NS, SECOND_NS, 1, faults)
        assert np.array_equal(one.value[:, 0], batch.value[:, second], equal_nan=True)
        assert np.array_equal(one.quality[:, 0], batch.quality[:, second])


def test_another_seed_is_another_plant_with_the_same_physics() -> None:
    other = create_plant("coal_mine", seed=99, origin_ns=ORIGIN_NS).simulate(ORIGIN_NS, MINUTE_NS, 1440)
    same = plant("coal_mine").simulate(ORIGIN_NS, MINUTE_NS, 1440)

    assert not np.array_equal(other.value, same.value, equal_nan=True)
    assert np.nanmean(other.value[4]) == pytest.approx(np.nanmean(same.value[4]), rel=0.03)


@pytest.mark.parametrize("name", NAMES)
def test_site_meter_is_the_sum_of_powers_and_its_counter_the_integral(name: str) -> None:
    columns = fortnight(name)
    entries = plant(name).entries
    machines = [row for row, entry in enumerate(entries) if entry.address.signal == "power"][:-1]
    meter = column(name, plant(name).meter_path, "power")
    base = meter - columns.value[machines].sum(axis=0)
    energy = column(name, plant(name).meter_path, "energy")
    good = ~np.isnan(meter)

    assert np.nanmin(base) > 0.0
    hours = 14 * 24 - 1 / 60
    assert (np.nanmax(energy) - np.nanmin(energy)) / hours == pytest.approx(meter[good].mean(), rel=0.004)
    assert (np.diff(energy[~np.isnan(energy)]) >= 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_reactive_energy_is_what_power_and_power_factor_say(name: str) -> None:
    path = plant(name).meter_path
    power, factor = column(name, path, "power"), column(name, path, "power_factor")
    drawn, back = (column(name, path, each) for each in ("reactive_energy", "reactive_energy_export"))
    good = ~(np.isnan(power) | np.isnan(factor))

    by_hand = float(np.mean(power[good] * np.tan(np.arccos(factor[good])))) * 14 * 24
    counted = float(np.nanmax(drawn) - np.nanmin(drawn))

    assert counted == pytest.approx(by_hand, rel=0.01)
    assert (np.diff(drawn[~np.isnan(drawn)]) >= 0).all()
    assert np.nanmax(back) == 0.0


@pytest.mark.parametrize("name", NAMES)
def test_silence_is_marked_and_rare(name: str) -> None:
    columns = fortnight(name)

    gone = columns.quality == BAD_NO_COMMUNICATION
    assert np.array_equal(np.isnan(columns.value), gone)
    assert np.array_equal(columns.present, columns.quality == GOOD)
    assert 0 < gone.mean() < 0.003


def test_fan_readings_obey_the_affinity_laws_within_1_percent() -> None:
    path = "ventilation/main/fan1"
    speed, flow = column("coal_mine", path, "speed"), column("coal_mine", path, "flow")
    pressure, power = column("coal_mine", path, "static_pressure"), column("coal_mine", path, "power")
    slow, fast = speed < np.nanquantile(speed, 0.2), speed > np.nanquantile(speed, 0.8)

    ratio = np.nanmean(speed[fast]) / np.nanmean(speed[slow])

    assert ratio > 1.05
    assert np.nanmean(flow[fast]) / np.nanmean(flow[slow]) == pytest.approx(ratio, rel=0.01)
    assert np.nanmean(pressure[fast]) / np.nanmean(pressure[slow]) == pytest.approx(ratio**2, rel=0.01)
    assert np.nanmean(power[fast]) / np.nanmean(power[slow]) == pytest.approx(ratio**3, rel=0.01)


def test_fan_air_power_closes_within_noise() -> None:
    path = "ventilation/main/fan1"
    air = column("coal_mine", path, "flow") * column("coal_mine", path, "static_pressure") / 1000.0
    share = air / column("coal_mine", path, "power")

    noise = np.hypot(0.7 / 162.0, np.hypot(6.0 / 1224.0, 1.2 / 270.0))
    assert np.nanmean(share) == pytest.approx(0.735, rel=0.002)
    assert np.nanstd(share) / np.nanmean(share) < 1.5 * noise


def test_pump_power_closes_within_noise() -> None:
    path = "drainage/main/pump1"
    flow, head = column("coal_mine", path, "flow"), column("coal_mine", path, "head")
    power, on = column("coal_mine", path, "power"), column("coal_mine", path, "flow") > 1.0

    efficiency = 998.0 * 9.80665 * flow[on] / 3600.0 * head[on] / 1000.0 / power[on]

    assert np.nanmean(efficiency) == pytest.approx(0.70, rel=0.002)
    assert np.nanstd(efficiency) / 0.70 < 0.015


def test_sump_balances_inflow_and_pumping() -> None:
    path = "drainage/main/pump1"
    truth = plant("coal_mine").truth(ORIGIN_NS + SECOND_NS * np.arange(2400 * 6, dtype=np.int64))[path]
    level, on = truth["sump_level"], truth["running"] > 0.5

    change = np.diff(level) * 90.0 * 3600.0  # m3/h
    steady = (np.diff(on.astype(np.int8)) == 0) & (np.arange(len(change)) % 2400 != 2399)
    filling, emptying = change[steady & ~on[1:]], change[steady & on[1:]]

    assert filling.min() > 150.0
    assert emptying.max() < -150.0
    pumped = truth["flow"][1:][steady & on[1:]]
    assert (emptying + pumped).mean() == pytest.approx(filling.mean(), rel=0.02)


def test_belt_draws_power_by_load() -> None:
    path = "transport/main/belt1"
    load, power = column("coal_mine", path, "load"), column("coal_mine", path, "power")
    good = ~np.isnan(load) & ~np.isnan(power) & (load > 100.0)

    slope, intercept = np.polyfit(load[good], power[good], 1)

    residual = power[good] - slope * load[good] - intercept
    assert slope == pytest.approx(9.80665 * (42.0 + 0.021 * 1100.0) / 3.6 / 0.88 / 1000.0, rel=0.02)
    assert residual.std() < 4.0


def test_hoist_counts_its_trips() -> None:
    truth = plant("coal_mine").truth(ORIGIN_NS + SECOND_NS * np.arange(6 * 3600, dtype=np.int64))["shaft/main/hoist1"]

    starts = int(((truth["rope_speed"][1:] > 0.0) & (truth["rope_speed"][:-1] == 0.0)).sum())

    assert starts > 100
    assert truth["trips"][-1] - truth["trips"][0] == pytest.approx(starts, abs=1)
    assert truth["rope_speed"].max() == pytest.approx(8.0)


def test_compressor_specific_power_is_realistic() -> None:
    path = "utilities/air/comp1"
    specific = column("coal_mine", path, "power") / column("coal_mine", path, "flow")

    assert np.nanmin(specific) > 5.5
    assert np.nanmax(specific) < 7.5


def test_mine_rests_in_the_maintenance_shift_and_on_wednesday_afternoon() -> None:
    truth = plant("coal_mine").truth(ORIGIN_NS + MINUTE_NS * np.arange(7 * 1440, dtype=np.int64))
    load = truth["transport/main/belt1"]["load"].reshape(7, 24, 60).mean(axis=2)
    first_weekday = int((ORIGIN_NS // SECOND_NS + 8 * 3600) // 86_400 + 3) % 7
    wednesday = (2 - first_weekday) % 7

    assert load[:, 6:12].max() < 1.0
    assert load[wednesday, 12:18].max() < 1.0
    assert np.delete(load, wednesday, axis=0)[:, 13:17].min() > 200.0


def test_boiler_readings_close_the_heat_balance_within_noise() -> None:
    path = "utilities/steam/boiler1"
    read = {name: column("coal_chemical", path, name) for name in ("steam_flow", "steam_pressure", "steam_temp")}
    ambient = plant("coal_chemical")._scene(fortnight("coal_chemical").time_ns).weather.ambient_c
    efficiency = boiler_efficiency(
        column("coal_chemical", path, "flue_temp"), column("coal_chemical", path, "flue_o2"), ambient
    )

    gain = read["steam_flow"] * (steam_enthalpy(read["steam_pressure"], read["steam_temp"]) - FEEDWATER_KJ_KG)
    heat = column("coal_chemical", path, "fuel_rate") * COAL_LHV_KJ_KG * efficiency

    noise = np.hypot(0.05 / 14.4, 0.4 / 109.0)
    assert np.nanmean(heat / gain) == pytest.approx(1.0, abs=0.001)
    assert np.nanstd(heat / gain) < 1.2 * noise


def test_methanol_loop_closes_its_mass_balance() -> None:
    path = "synthesis/loop1/reactor1"
    converted = column("coal_chemical", path, "feed_flow") - column("coal_chemical", path, "purge_flow")

    share = column("coal_chemical", path, "methanol_output") / (converted * METHANOL_T_PER_M3)

    assert np.nanmean(share) == pytest.approx(SELECTIVITY, rel=0.001)
    assert np.nanstd(share) < 0.01


def test_gasifier_uses_what_handbooks_say() -> None:
    path = "gasification/train1/gasifier1"
    syngas = column("coal_chemical", path, "syngas_flow") / 1000.0

    assert 300.0 < np.nanmean(column("coal_chemical", path, "oxygen_flow") / syngas) < 420.0
    assert 0.55 < np.nanmean(column("coal_chemical", path, "coal_feed") / syngas) < 0.65


def test_cooling_tower_stays_above_the_wet_bulb_and_takes_the_heat() -> None:
    path = "utilities/water/tower1"
    supply, wet = column("coal_chemical", path, "supply_temp"), column("coal_chemical", path, "wet_bulb")
    span = column("coal_chemical", path, "return_temp") - supply

    assert np.nanmin(supply - wet) > 3.0
    heat_mw = np.nanmean(span * column("coal_chemical", path, "water_flow")) * 0.998 * 4.186 / 3600.0
    assert heat_mw == pytest.approx(112.0 * 0.92, rel=0.04)


def test_pasteurised_milk_is_always_lethal_enough_and_never_diverted() -> None:
    path = "processing/line1/htst1"
    flow, hold = column("dairy", path, "flow"), column("dairy", path, "hold_temp")
    on = flow > 1.0

    assert np.nanmin(lethality(flow[on], hold[on])) >= 1.0
    assert np.nanmax(column("dairy", path, "diversion")) == 0.0
    margin = column("dairy", path, "product_pressure") - column("dairy", path, "raw_pressure")
    assert np.nanmin(margin) > 30.0


def test_cold_milk_is_diverted() -> None:
    start = ORIGIN_NS + 2 * DAY_NS + 9 * HOUR_NS
    fault = Fault("diversion", "processing/line1/htst1", "", start, start + 2 * HOUR_NS, 1.0, ())

    columns = plant("dairy").simulate(start + HOUR_NS, MINUTE_NS, 55, (fault,))

    rows = {
        entry.address.signal: row for row, entry in enumerate(plant("dairy").entries) if "htst1" in str(entry.address)
    }
    assert (columns.value[rows["diversion"]] == 1.0).all()
    assert np.nanmax(columns.value[rows["hold_temp"]]) < 72.0


def test_milk_in_the_tank_is_milk_received_less_milk_processed() -> None:
    truth = plant("dairy").truth(ORIGIN_NS + MINUTE_NS * np.arange(1440 * 7, dtype=np.int64))
    level = truth["reception/line1/intake1"]["tank_level"] / 100.0 * TANK_M3
    flows = truth["reception/line1/intake1"]["flow"] - truth["processing/line1/htst1"]["flow"]

    change = np.diff(level) * 60.0

    steady = (np.diff(truth["reception/line1/intake1"]["flow"]) == 0) & (
        np.diff(truth["processing/line1/htst1"]["flow"]) == 0
    )
    assert np.abs(change - flows[:-1])[steady].max() < 0.01
    assert level.min() > 0.0
    assert level.max() < TANK_M3


def test_volume_counter_counts_the_milk_received() -> None:
    volume = column("dairy", "reception/line1/intake1", "volume")
    flow = column("dairy", "reception/line1/intake1", "flow")

    assert np.nanmax(volume) - np.nanmin(volume) == pytest.approx(np.nanmean(flow) * 14 * 24, rel=0.01)


def test_evaporator_and_dryer_close_the_water_balance() -> None:
    feed = column("dairy", "powder/line1/evap1", "feed_flow")
    steam, solids = column("dairy", "powder/line1/evap1", "steam_flow"), column("dairy", "powder/line1/evap1", "solids")
    powder = column("dairy", "powder/line1/dryer1", "powder_output")
    moisture = column("dairy", "powder/line1/dryer1", "moisture")
    on = feed > 1.0

    water = feed[on] * MILK_T_PER_M3 * (1.0 - FEED_SOLIDS / solids[on])
    dry_in = feed[on] * MILK_T_PER_M3 * 10.0 * FEED_SOLIDS
    dry_out = powder[on] * (1.0 - moisture[on] / 100.0)

    assert np.nanmean(solids[on]) == pytest.approx(CONCENTRATE, rel=0.005)
    assert np.nanmean(water / steam[on]) == pytest.approx(STEAM_ECONOMY, rel=0.005)
    assert np.nanmean(dry_out / dry_in) == pytest.approx(1.0, abs=0.003)
    assert np.nanstd(dry_out / dry_in) < 0.012


def test_cleaning_runs_its_phases_in_order() -> None:
    phase = column("dairy", "processing/cip/cip1", "phase")
    seen = phase[~np.isnan(phase)][:1440]

    changes = seen[np.flatnonzero(np.diff(seen) != 0) + 1].tolist()
    assert changes == [1.0, 2.0, 3.0, 4.0, 5.0, 0.0] * 2


def test_copies_are_machines_of_their_own() -> None:
    many = plant("coal_mine", copies=3)
    columns = many.simulate(ORIGIN_NS, MINUTE_NS, 60)
    rows = {str(entry.address): row for row, entry in enumerate(many.entries)}
    one = rows["heishan-coal/heishan/ventilation/main/fan1/power"]
    two = rows["heishan-coal/heishan/ventilation/main/fan1-2/power"]

    assert len(many.entries) == 3 * 37 + 5
    assert not np.array_equal(columns.value[one], columns.value[two])
    assert np.nanmean(columns.value[one]) == pytest.approx(np.nanmean(columns.value[two]), rel=0.05)


def test_times_before_the_origin_are_refused() -> None:
    with pytest.raises(ConfigError, match="counters start later"):
        plant("dairy").simulate(ORIGIN_NS - MINUTE_NS, MINUTE_NS, 3)


def test_unknown_plant_names_those_there_are() -> None:
    with pytest.raises(ConfigError, match="coal_mine, coal_chemical, dairy"):
        create_plant("steel")

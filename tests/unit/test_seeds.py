"""A seed that a business user has edited: each fault is found, with file, line and code."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import agate
import pytest
import yaml
from dbt_common.clients.agate_helper import from_csv
from dbt_ecomm_seeds import unreadable
from support.macros import call_macro, project_macros

PROJECT = Path(__file__).parents[2]
SEEDS = {
    seed["name"]: seed
    for seed in yaml.safe_load((PROJECT / "seeds/_seeds.yml").read_text("utf-8"))["seeds"]
}

CHECKS = ("seed_file_fault", "seed_order_fault", "seed_range_fault")


@pytest.fixture(scope="module")
def macros() -> dict[str, Any]:
    return project_macros("seeds")


def _node(name: str) -> Any:
    """The seed as dbt's graph has it, as far as the checks read it."""
    config = SEEDS[name]["config"]
    columns = {
        column["name"]: {"meta": column.get("config", {}).get("meta", {})}
        for column in SEEDS[name]["columns"]
    }
    return {"config": {"meta": {}} | config, "columns": columns}


def fault(macros: dict[str, Any], seed: str, content: str, folder: Path) -> str | None:
    file = folder / f"{seed}.csv"
    file.write_text(content, encoding="utf-8")
    table: agate.Table = from_csv(file, text_columns=SEEDS[seed]["config"]["column_types"])
    node = _node(seed)
    checks = (macros[name] for name in CHECKS)
    return next((found for check in checks if (found := check(node, table))), None)


@pytest.mark.parametrize("seed", SEEDS)
def test_seeds_of_the_project_have_no_fault(
    seed: str, macros: dict[str, Any], tmp_path: Path
) -> None:
    content = (PROJECT / f"seeds/{seed}.csv").read_text("utf-8")

    assert fault(macros, seed, content, tmp_path) is None


# What stands below `currency,usd_rate`, `USD,1` and `EUR,1.08`, and what is said of it.
RATES = {
    ",\n": "line 4: the line is blank; delete it.",
    "\n\nCHF,1\n": "line 4: the line is blank; delete it.",
    "usd,1\n": "line 4 (usd): currency usd stands in line 2 already, for case, blanks and hyphens",
    "CHF,1\n eur ,1\n": "line 5 ( eur ): currency  eur  stands in line 3 already",
    "a-b,1\nA b,1\n": "line 5 (A b): currency A b stands in line 4 already",
    "CHF,\n": "line 4 (CHF): usd_rate is blank; write it, or delete the line.",
    "CHF\n": "line 4 (CHF): usd_rate is blank; write it, or delete the line.",
    ",1\n": "line 4 (1): currency is blank; write it, or delete the line.",
    "null,1\n": "line 4 (1): currency is blank; write it, or delete the line.",
    "CHF,x\n": "line 4 (CHF): usd_rate must be a number like 1.5 of up to 6 digits and 6 decimals,"
    " not x; mend it.",
    '"CHF","1,08"\n': "line 4 (CHF): usd_rate must be a number",
    "CHF,1e3\n": "line 4 (CHF): usd_rate must be a number",
    "CHF,NaN\n": "line 4 (CHF): usd_rate must be a number",
    "CHF,.5\n": "line 4 (CHF): usd_rate must be a number",
    "CHF,1.1234567\n": "line 4 (CHF): usd_rate must be a number",
    "CHF,1234567\n": "line 4 (CHF): usd_rate must be a number",
    "CHF,0\n": "line 4 (CHF): usd_rate must be more than 0, not 0; mend it.",
    "CHF,-0.5\n": "line 4 (CHF): usd_rate must be more than 0, not -0.5; mend it.",
    "C'F,1\n": 'line 4: currency "C\'F" has a quote, a backslash, a line end',
    'C"F,1\n': 'line 4: currency "C\\"F" has a quote',
    "C\\F,1\n": 'line 4: currency "C\\\\F" has a quote, a backslash',
    '"CHF,1\nSEK,1\n': 'line 4: currency "CHF,1\\nSEK,1\\n" has a quote, a backslash, a line end',
    "CHF\u00a0,1\n": 'line 4: currency "CHF\\u00a0" has a quote, a backslash, a line end or a sign',
    "C\u200bHF,1\n": 'line 4: currency "C\\u200bHF" has',
}


@pytest.mark.parametrize("rows", RATES)
def test_fault_in_a_row(rows: str, macros: dict[str, Any], tmp_path: Path) -> None:
    content = f"currency,usd_rate\nUSD,1\nEUR,1.08\n{rows}"

    found = fault(macros, "currency_rates", content, tmp_path)

    assert found is not None and found.startswith(RATES[rows])
    assert re.search(r"; .*\.$", found)


@pytest.mark.parametrize("rows", ["CHF,1.1", "CHF, 1.1 \r\n", "CHF,+001\n", '"C,F",1\n'])
def test_row_without_a_fault(rows: str, macros: dict[str, Any], tmp_path: Path) -> None:
    content = f"currency,usd_rate\nUSD,1\n{rows}"

    assert fault(macros, "currency_rates", content, tmp_path) is None


HEADERS = {
    "currency;usd_rate\nUSD;1\n": "currency;usd_rate",
    "Currency,usd_rate\nUSD,1\n": "Currency,usd_rate",
    "currency\nUSD\n": "currency",
    "currency,usd_rate,\nUSD,1,\n": "currency,usd_rate,c",
    "currency,currency\nUSD,1\n": "currency,currency_2",
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("content", HEADERS)
def test_fault_in_the_header(content: str, macros: dict[str, Any], tmp_path: Path) -> None:
    assert fault(macros, "currency_rates", content, tmp_path) == (
        f"line 1: the columns must be currency,usd_rate, not {HEADERS[content]}; mend the header."
    )


def test_order_of_columns_does_not_matter(macros: dict[str, Any], tmp_path: Path) -> None:
    assert fault(macros, "currency_rates", "usd_rate,currency\n1,USD\n", tmp_path) is None


def test_seed_without_rows(macros: dict[str, Any], tmp_path: Path) -> None:
    assert fault(macros, "currency_rates", "currency,usd_rate\n", tmp_path) == (
        "line 2: there are no rows; write at least one."
    )


@pytest.mark.parametrize(
    ("seed", "line", "expected"),
    [
        ("order_statuses", "lost,perhaps", "counts_as_revenue must be true or false, not perhaps"),
        ("order_statuses", "lost,", "counts_as_revenue is blank"),
        ("product_categories", "toys,30", "margin_rate must be 1 or less, not 30"),
        ("product_categories", "toys,-0.1", "margin_rate must be 0 or more, not -0.1"),
        ("customer_tiers", "Gold,8", "tier Gold stands in line 3 already"),
        ("customer_tiers", "iron,0", "clv_multiplier must be more than 0, not 0"),
        ("payment_methods", "Credit Card", "payment_method Credit Card stands in line 2 already"),
        ("shipping_methods", "GROUND", "shipping_method GROUND stands in line 3 already"),
        ("customer_segments", "Poor,5,-1,0", "min_spent must be 0 or more, not -1"),
        ("customer_segments", "Poor,0,0,0", "segment_rank must be 1 or more, not 0"),
        ("customer_segments", "Poor,1.5,0,0", "segment_rank must be a whole number of up to 9"),
        ("customer_segments", "Poor,04,0,0", "segment_rank 04 stands in line 5 already;"),
        ("customer_segments", "low-value,5,0,0", "customer_segment low-value stands in line 5"),
        ("product_performance", "Dud,5,0,0.5", "min_orders must be a whole number"),
        ("rfm_segments", "loyal,11,1,1,1,1", "segment loyal stands in line 3 already"),
        ("rfm_segments", "New,10,1,1,1,1", "segment_rank 10 stands in line 11 already"),
        ("rfm_segments", "New,11,0,1,1,1", "r_min must be 1 or more, not 0"),
        ("rfm_segments", "New,11,1,1,1,6", "fm_max must be 5 or less, not 6"),
        ("rfm_segments", "New,11,1,1,5,4", "fm_min must be 4 or less, as fm_max is, not 5;"),
        ("rfm_segments", "New,11,5,5,5,5", "nothing can reach it, because line 2 (Champions) has"),
    ],
)
def test_fault_in_a_row_of_another_seed(
    seed: str, line: str, expected: str, macros: dict[str, Any], tmp_path: Path
) -> None:
    content = (PROJECT / f"seeds/{seed}.csv").read_text("utf-8") + f"{line}\n"
    place = f"line {content.count(chr(10))} ({line.split(',')[0]}): "

    found = fault(macros, seed, content, tmp_path)

    assert found is not None and found.startswith(place + expected)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # Sorted by rank, not by line; each may ask for more of one and less of the other.
        (["Low,3,0,0", "VIP,1,1000,5", "Frequent,2,200,10"], None),
        (
            ["VIP,1,1000,5", "High,2,1000,7", "Low,3,0,0"],
            "line 3 (High): nothing can reach it, because line 2 (VIP) has a better segment_rank"
            " and asks for no more min_spent and min_orders; mend the ranks or the thresholds.",
        ),
        (
            ["Low,1,0,0", "VIP,2,1000,5"],
            "line 3 (VIP): nothing can reach it, because line 2 (Low) has a better segment_rank"
            " and asks for no more min_spent and min_orders; mend the ranks or the thresholds.",
        ),
        (
            ["VIP,1,1000,5", "High,2,500,0"],
            "line 3 (High): the last segment_rank must have 0 for min_spent and min_orders, so that"
            " all belong somewhere; mend it, or write a row for the rest.",
        ),
    ],
)
def test_order_of_thresholds(
    rows: list[str], expected: str | None, macros: dict[str, Any], tmp_path: Path
) -> None:
    lines = ["customer_segment,segment_rank,min_spent,min_orders", *rows]

    assert fault(macros, "customer_segments", "\n".join(lines), tmp_path) == expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # Gaps and overlaps are fine, in any order of lines.
        (["Rest,3,1,4,1,4", "Best,1,5,5,5,5", "Good,2,4,5,4,5"], None),
        (["Good,1,4,4,2,3", "Wider,2,4,4,2,4"], None),
        (["Good,1,4,4,2,3", "Wider,2,3,4,2,3"], None),
        (
            ["Same,2,4,5,1,1", "Good,1,4,5,1,1"],
            "line 2 (Same): nothing can reach it, because line 3 (Good) has a better segment_rank"
            " and holds all of its ranges; mend the ranks or the ranges.",
        ),
        (
            ["Good,1,2,5,2,5", "Inner,2,3,4,3,4"],
            "line 3 (Inner): nothing can reach it, because line 2 (Good) has a better segment_rank"
            " and holds all of its ranges; mend the ranks or the ranges.",
        ),
    ],
)
def test_order_of_ranges(
    rows: list[str], expected: str | None, macros: dict[str, Any], tmp_path: Path
) -> None:
    lines = ["segment,segment_rank,r_min,r_max,fm_min,fm_max", *rows]

    assert fault(macros, "rfm_segments", "\n".join(lines), tmp_path) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"currency,usd_rate\nUSD,1\nCHF,1,08\n", "line 3 (CHF): 3 cells instead of 2;"),
        (b"tier,clv_multiplier\ncaf\xe9,1\n", "line 2: the text is not UTF-8;"),
        ("tier,x\n".encode("utf-16"), "line 1: the text is not UTF-8;"),
        (b"", "line 1: the header is missing;"),
        (b"\nUSD,1\n", "line 1: the header is missing;"),
        (b'a,b\n"' + b"x" * 200_000, "line 2: field larger than field limit"),
        (b"\xef\xbb\xbfa,b\n\nx\n,\n", None),
    ],
)
def test_file_that_dbt_cannot_read(content: bytes, expected: str | None, tmp_path: Path) -> None:
    file = tmp_path / "seed.csv"
    file.write_bytes(content)
    found = unreadable(file)

    if expected is None:
        assert found is None
    else:
        assert found is not None and found.startswith(expected)


@pytest.mark.parametrize("found", ["line 2: x.", None])
def test_fault_stops_the_seed(found: str | None) -> None:
    def fail(message: str) -> None:
        raise RuntimeError(message)

    for macro in CHECKS:
        faults: dict[str, str | None] = dict.fromkeys(CHECKS) | {macro: found}
        context = {
            "execute": True,
            "model": SimpleNamespace(original_file_path="seeds/x.csv"),
            "load_agate_table": lambda: None,
            "exceptions": SimpleNamespace(raise_compiler_error=fail),
        } | {name: lambda *_, fault=fault: fault for name, fault in faults.items()}
        if found is None:
            call_macro("check_seed", **context)
        else:
            with pytest.raises(RuntimeError, match=r"^seeds/x\.csv, line 2: x\.$"):
                call_macro("check_seed", **context)


def test_every_seed_is_checked() -> None:
    project = yaml.safe_load((PROJECT / "dbt_project.yml").read_text("utf-8"))
    (seeds,) = project["seeds"].values()

    assert seeds["+pre-hook"] == "{{ check_seed() }}"
    assert not any("pre_hook" in seed["config"] for seed in SEEDS.values())

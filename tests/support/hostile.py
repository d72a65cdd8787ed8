"""Random batches that a source system should never send, for comparisons with the reference model.

Few keys, so that they collide and change; cells drawn from lists of good, borderline and broken
literals; files with missing optional columns, other header dialects, ragged and blank lines;
batches that name only some feeds; full loads. Everything is readable at file level: what a file may
not be is another test's subject.
"""

import csv
import io
import json
import random
from datetime import date, timedelta
from pathlib import Path

from reference.contract import ALIASES, FEEDS, OPTIONAL, REQUIRED

SPACES = ["", " ", "\t", " \u00a0", "  "]
# Lines that no strict reader takes for rows.
OUT_OF_PLACE = [
    'P1,5,"Rack 5,2025-01-15\nP2,6,"Rack 6,2025-01-15',
    '"24" TV",5',
    'a"b,c',
    '"32\\" Monitor",1',
    "1 Main St\rApt 4,x",
    'x, "y"',
]
DATES = [
    "2024-02-29",
    "2025-02-29",
    "2025-01-15",
    "2025-01-16",
    "2025-01-20",
    "2024-12-31",
    "1900-01-01",
    "1899-12-31",
    "1985-7-01",
    "85-07-01",
    "2025-13-01",
    "0000-01-01",
    "not a date",
    "2025-01-15 00:00:00",
    " 2025-01-14 ",
    "",
    "2023-06-30",
    "2024-09-01",
    "1990-01-16",
    "2000-03-01",
    "\t2024-11-30",
]
TIMESTAMPS = [
    "2025-01-15 07:59:59",
    "2025-01-15 08:00:00",
    "2025-01-15 18:59:59",
    "2025-01-15 19:00:00",
    "2025-01-15T12:00:00Z",
    "2025-01-15 23:30:00-01:00",
    "2025-01-15 00:30:00+0100",
    "2025-01-15T05:00:00.123456+05",
    "2025-01-15 24:00:00",
    "2025-01-15 10:61:00",
    "2025-01-15",
    "2025-01-15 10:00",
    "2025-01-15 10:00:00 Z",
    "",
    "yesterday",
    "2025-01-14 11:59:59.999999",
    "2025-01-15 06:00:00",
    "2025-01-15 05:59:59",
    "2025-01-16 17:59:59",
    " 2025-01-15 09:00:00 ",
    "2025-01-15 10:00:60",
    "2025-01-15t10:00:00z",
    "9999-12-31 23:59:59-05:00",
    "9999-12-31 23:59:59.999999",
    "0001-01-01 00:00:00+05:00",
    "0001-01-01 00:00:00-18:00",
    "2025-01-15 10:00:00+18:01",
]
AMOUNTS = [
    "0.99",
    "1",
    "1.00",
    "10000",
    "10000.01",
    "99.99",
    "100",
    "0",
    "0.00",
    "-5.00",
    "+7.50",
    "5.999",
    "5.990",
    "1,299.99",
    "1e3",
    "NaN",
    ".5",
    "5.",
    " 12 ",
    "9999999999999999.99",
    "99999999999999999",
    "",
    "0.005",
    "49.99",
    "50.00",
    "149.99",
    "300",
    "46.30",
    "9.26",
    "0.01",
    "925.92",
    "9259.27",
    "00012.50",
    "twelve",
    "$5",
    "-0.00",
]
WEIGHTS = [
    "1",
    "0.001",
    "0",
    "-1",
    "1.234",
    "1.2345",
    "12.5",
    "",
    "heavy",
    " 2.5 ",
    "999999999999999.999",
]
QUANTITIES = [
    "0",
    "1",
    "9",
    "10",
    "11",
    "20",
    "21",
    "49",
    "50",
    "-1",
    "2147483647",
    "2147483648",
    "1.0",
    "",
    "ten",
    " 7 ",
    "+3",
]
BOOLEANS = ["true", "FALSE", "1", "0", "yes", "No", "t", "F", "y", "", "maybe", " True "]
DIMENSIONS = [
    "10x20x5",
    "10 X 20 x 5.5",
    "10x20",
    "0x1x1",
    "axbxc",
    "",
    "1.5x2.25x3",
    "10x20x5cm",
    " 1 x 2 x 3 ",
    ".5x1x1",
    "\t1x2x3\n",
    "1\tx2x3",
]
CURRENCIES = ["USD", "usd", " EUR ", "GBP", "JPY", "INR", "AED", "XXX", "", "CAD", "aud"]
EMAILS = [
    "a@b.co",
    "a@b",
    "a@@b.co",
    "@b.co",
    "a b@c.de",
    "a@b..co",
    "",
    "first.last+tag@sub.example.org",
    "a@b.co ",
    "a@.co",
    "a@b.",
    "ä@ü.example",
    "a@b.co\n",
    "a@b\x85.co",
    "a\x1c@b.co",
]
PHONES = [
    "+1 (555) 010-0199",
    "5550100",
    "555010",
    "1234567890123456",
    "123456789012345",
    "",
    "555-0100x12",
    "+",
    "1+5550100",
    " 5550100",
    "555.010.0123",
    "5550100\n",
]
TEXTS = [
    "",
    "plain",
    'with "quotes"',
    "comma, separated",
    "two\nlines",
    "  padded  ",
    "ünïcode ✓",
    "O'Brien",
    "back\\slash",
    "=1+1",
]
CODES = {
    "payment_method": [
        "credit_card",
        "Credit Card",
        "CREDIT-CARD",
        "barter",
        "",
        "paypal",
        "Apple  Pay",
    ],
    "order_status": [
        "pending",
        "Shipped",
        "delivered",
        "completed",
        "CANCELLED",
        "returned",
        "unheard-of",
        "",
        "failed",
    ],
    "customer_tier": ["premium", "Gold", " silver", "bronze", "standard", "platinum", ""],
    "category": [
        "Electronics",
        "Home & Garden",
        "home-&-kitchen",
        "Toys",
        "",
        "Clothing",
        "furniture",
    ],
    "shipping_method": ["standard", "Ground", "EXPRESS", "drone", "", "overnight"],
    "stock_status": ["In Stock", "Out of Stock", "out-of-stock", "", "Low Stock"],
}
KEYS = {
    "order_id": [f"O{n}" for n in range(1, 16)] + ["", " O1", "o1"],
    "customer_id": [f"C{n}" for n in range(1, 9)] + [""],
    "product_id": [f"P{n}" for n in range(1, 8)] + ["", "P|1", "P%7C1"],
    "warehouse_id": ["W1", "W2", "1|W1", ""],
    "warehouse_location": ["Denver", "Reno", "W1", ""],
}


def _good(feed: str, column: str) -> list[str]:
    """Literals that break no quarantining rule."""
    return {
        "currency": ["USD", "usd", " EUR ", "GBP", "JPY"],
        "order_amount": [
            "0.99",
            "1",
            "10000",
            "10000.01",
            "99.99",
            "100",
            "46.30",
            "9.26",
            "+7.50",
            "925.92",
            " 12 ",
        ],
        "price": ["46.30", "50", "99.99", "150", "300.00", "10", "925.92"],
        "shipping_cost": ["0", "9.26", "9.99", "10", "20", "100", "100.01"],
        "insurance_value": ["0", "10.50", ""],
        "stock_quantity": ["0", "5", "9", "10", "50", "20"],
        "reserved_quantity": ["0", "1", "5", ""],
        "available_quantity": ["0", "9", "20", ""],
        "reorder_level": ["", "5", "10", "-2", "many"],
        "order_date": ["2025-01-10", "2025-01-14", "2024-12-31", "2024-06-30"],
        "launch_date": ["2025-01-01", "2024-12-17", "2024-01-16", "2020-02-29"],
        "registration_date": ["2025-01-01", "2024-12-17", "2024-01-16", "2030-01-01", "x"],
        "date_of_birth": ["2000-01-16", "1985-06-30", "", "1970-01-15"],
        "email": ["a@b.co", "ä@ü.example"],
        "phone": ["+1 (555) 010-0199", "5550100", "x"],
        "package_weight": ["1", "0.001", "12.5"],
        "category": ["Electronics", "Toys", "home-&-kitchen"],
    }.get(column, _any(feed, column))


def _any(feed: str, column: str) -> list[str]:
    """Every literal tried for a column."""
    if column in KEYS:
        return KEYS[column]
    if column in CODES:
        return CODES[column]
    if column == "last_updated":
        return TIMESTAMPS + DATES
    if column in ("created_timestamp", "last_login"):
        return TIMESTAMPS
    if column.endswith("_date") or column in (
        "date_of_birth",
        "estimated_delivery",
        "actual_delivery",
        "last_audit",
    ):
        return DATES
    return {
        "order_amount": AMOUNTS,
        "price": AMOUNTS,
        "shipping_cost": AMOUNTS,
        "insurance_value": AMOUNTS,
        "weight_kg": WEIGHTS,
        "package_weight": WEIGHTS,
        "stock_quantity": QUANTITIES,
        "reserved_quantity": QUANTITIES,
        "available_quantity": QUANTITIES,
        "reorder_level": QUANTITIES,
        "discontinued": BOOLEANS,
        "dimensions_cm": DIMENSIONS,
        "currency": CURRENCIES,
        "email": EMAILS,
        "phone": PHONES,
    }.get(column, TEXTS)


def write_batch(
    root: Path, day: date, rng: random.Random, trigger_id: str, **trigger: object
) -> Path:
    """Write one random batch below a feed root.

    Args:
        root: Feed root; folders are made as needed.
        day: Business date.
        rng: Source of randomness.
        trigger_id: Id of the batch.
        **trigger: More fields of the trigger, such as `supersedes`.

    Returns:
        The trigger's path.
    """
    feeds = [feed for feed in FEEDS if rng.random() < 0.85] or ["orders"]
    stamp = day.isoformat().replace("-", "_")
    files = []
    for feed in feeds:
        name = f"{feed}_{stamp}.csv"
        folder = root / f"{feed}_data" / "source"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(_file(feed, rng))
        files.append({"name": name, "load_type": "full" if rng.random() < 0.25 else "incremental"})
    content = {
        "trigger_id": trigger_id,
        "batch_date": day.isoformat(),
        "expected_files": [entry["name"] for entry in files],
        "files": files,
        **trigger,
    }
    folder = root / "triggers" / "source"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"trigger_{stamp}.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def write_batches(root: Path, days: int, seed: int, start: date = date(2025, 1, 15)) -> list[Path]:
    """Write random batches of consecutive days; the same arguments give the same bytes."""
    rng = random.Random(seed)
    return [
        write_batch(root, start + timedelta(days=n), rng, f"hostile-{seed}-{n}")
        for n in range(days)
    ]


def _file(feed: str, rng: random.Random) -> bytes:
    columns = list(REQUIRED[feed])
    columns += [column for column in OPTIONAL[feed] if rng.random() < 0.7]
    rng.shuffle(columns)
    extra = ["surprise"] if rng.random() < 0.3 else []
    is_aliased = rng.random() < 0.5
    aliases = {column: alias for alias, column in ALIASES[feed].items()} if is_aliased else {}
    header = [aliases.get(column, column) for column in columns] + extra
    if rng.random() < 0.3:
        header = [f" {name.upper()} " for name in header]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator=rng.choice(["\n", "\r\n"]))
    writer.writerow(header)
    for _ in range(rng.choice([0, 3, 12, 25])):
        broken = rng.random() < 0.4
        row = [
            rng.choice(_any(feed, column) if broken and rng.random() < 0.3 else _good(feed, column))
            for column in columns
        ]
        row = [rng.choice(SPACES) if broken and rng.random() < 0.03 else cell for cell in row]
        row += [rng.choice(TEXTS) for _ in extra]
        if rng.random() < 0.04:
            row = row[:-2] if rng.random() < 0.5 else [*row, "one too many"]
        writer.writerow(row)
        if rng.random() < 0.05:
            buffer.write("\n")
        if rng.random() < 0.04:
            again = ",".join(f'"{name}"' if rng.random() < 0.5 else name.title() for name in header)
            buffer.write(f"{rng.choice([*OUT_OF_PLACE, again])}\n")
    text = buffer.getvalue()
    if rng.random() < 0.3:
        text = text.rstrip("\r\n")
    return (b"\xef\xbb\xbf" if rng.random() < 0.3 else b"") + text.encode()

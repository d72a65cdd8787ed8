"""The words and numbers that sample data is made of: invented names, places, goods and services.

Nothing here names a real person or company. E-mail domains and phone numbers come from the ranges
reserved for examples. The rates repeat the first values of the dbt seeds on purpose: business users
may edit the seeds, and the sample has to stay the same when they do.
"""

from __future__ import annotations

from typing import NamedTuple

FIRST_NAMES = (
    "Amara", "Ben", "Chloé", "Darius", "Elena", "Farid", "Grace", "Hiro", "Ines", "Jonas", "Keiko",
    "Liam", "Mira", "Nadia", "Omar", "Priya", "Quentin", "Rosa", "Søren", "Tara", "Uma", "Viktor",
    "Wanda", "Ximena", "Yusuf", "Zoë", "Anja", "Bruno", "Celia", "Dmitri", "Esther", "Felix",
)  # fmt: skip
LAST_NAMES = (
    "Abbott", "Becker", "Castillo", "Dunmore", "Eriksen", "Fairley", "Grünwald", "Hartono", "Ito",
    "Jansson", "Kowal", "Lindqvist", "Marlowe", "Nakata", "O'Dell", "Pereira", "Quigley", "Rao",
    "Sandoval", "Thorne", "Ueda", "Varga", "Whitlock", "Xu", "Yilmaz", "Zeller", "Smith-Okoro",
    "Brightwater", "de la Fuente", "Muñoz", "Achterberg", "Lovelace-Penn",
)  # fmt: skip
# An address part of an e-mail has to be plain ASCII to be believable.
EMAIL_FOLD = str.maketrans("éëøüñ", "eeoun", "' ")
EMAIL_DOMAINS = ("example.com", "example.org", "example.net")

STREETS = (
    "Maple Avenue", "Harbour Road", "Mill Lane", "Juniper Court", "Station Street", "Orchard Way",
    "Cedar Crescent", "Old Quarry Road", "Lakeside Drive", "Foundry Street", "Windmill Hill",
    "Kingfisher Close",
)  # fmt: skip


class City(NamedTuple):
    """A place; `zip_pattern` takes `n` (two digits) and `d` (one digit)."""

    name: str
    state: str
    zip_pattern: str
    country: str


CITIES = (
    City("Austin", "TX", "787{n}", "USA"),
    City("Portland", "OR", "972{n}", "USA"),
    City("Columbus", "OH", "432{n}", "USA"),
    City("Denver", "CO", "802{n}", "USA"),
    City("Raleigh", "NC", "276{n}", "USA"),
    City("Madison", "WI", "537{n}", "USA"),
    City("Toronto", "ON", "M5V {d}T6", "Canada"),
    City("Leeds", "West Yorkshire", "LS{n} 4QX", "United Kingdom"),
    City("Leipzig", "Sachsen", "041{n}", "Germany"),
    City("Adelaide", "SA", "50{n}", "Australia"),
    City("Pune", "Maharashtra", "4110{n}", "India"),
    City("Sendai", "Miyagi", "980-08{n}", "Japan"),
    City("Dubai", "Dubai", "000{n}", "United Arab Emirates"),
)

# The first twelve customers have every tier, and so has every later dozen.
TIERS = (
    "silver", "standard", "bronze", "gold", "standard", "premium",
    "bronze", "silver", "standard", "gold", "bronze", "standard",
)  # fmt: skip
# Nobody is promoted to premium: their older cheap orders would then break a rule by accident.
NEXT_TIER = {"standard": "bronze", "bronze": "silver", "silver": "gold", "premium": "gold"}

USD_RATES = {
    "USD": 1.0, "EUR": 1.08, "GBP": 1.27, "CAD": 0.74, "AUD": 0.66, "JPY": 0.0067, "INR": 0.012,
    "AED": 0.2723,
}  # fmt: skip
# What products are priced in, by weight.
PRICE_CURRENCIES = ("USD",) * 24 + ("EUR", "EUR", "GBP", "CAD", "AUD", "JPY", "INR", "AED")


class Kind(NamedTuple):
    """A kind of goods, with its range of prices in whole USD and of weights in grams."""

    category: str
    subcategory: str
    nouns: tuple[str, ...]
    usd: tuple[int, int]
    grams: tuple[int, int]
    materials: tuple[str, ...]


KINDS = (
    Kind("Electronics", "Audio", ("Headphones", "Bookshelf Speaker", "Soundbar"),
         (39, 380), (250, 4_000), ("plastic", "aluminium")),
    Kind("Electronics", "Displays", ('24" Monitor', '27" Monitor', '32" Curved Monitor'),
         (140, 690), (3_500, 9_000), ("plastic", "steel")),
    Kind("Electronics", "Computers", ("Laptop", "Mini PC", "Tablet"),
         (260, 2_400), (450, 2_600), ("aluminium", "magnesium")),
    Kind("Electronics", "Accessories", ("USB-C Cable", "Wireless Mouse", "Keyboard"),
         (6, 120), (40, 900), ("plastic", "nylon")),
    Kind("Clothing", "Outerwear", ("Rain Jacket", "Down Coat", "Fleece"),
         (45, 320), (300, 1_400), ("polyester", "recycled nylon")),
    Kind("Clothing", "Basics", ("T-Shirt", "Crew Socks, 3 Pack", "Hoodie"),
         (8, 70), (60, 600), ("cotton", "merino wool")),
    Kind("Home & Garden", "Garden Tools", ("Pruning Shears", "Hose Reel", "Raised Bed Kit"),
         (15, 190), (300, 12_000), ("steel", "cedar")),
    Kind("Home & Kitchen", "Cookware", ("Cast Iron Pan", "Stock Pot", "Chef's Knife"),
         (18, 240), (250, 4_500), ("cast iron", "stainless steel")),
    Kind("Home & Kitchen", "Appliances", ("Espresso Machine", "Stand Mixer", "Kettle"),
         (35, 780), (1_100, 11_000), ("stainless steel", "plastic")),
    Kind("Furniture", "Office", ("Standing Desk", "Task Chair", "Filing Cabinet"),
         (110, 980), (9_000, 32_000), ("oak", "steel")),
    Kind("Furniture", "Living Room", ("Coffee Table", "Armchair", "Bookcase"),
         (90, 1_450), (8_000, 32_000), ("walnut", "oak")),
    Kind("Sports & Fitness", "Training", ("Kettlebell 12 kg", "Yoga Mat", "Rowing Machine"),
         (14, 890), (900, 30_000), ("rubber", "steel")),
    Kind("Sports & Fitness", "Outdoor", ("Daypack", "Two-Person Tent", "Headlamp"),
         (19, 420), (90, 3_800), ("ripstop nylon", "aluminium")),
)  # fmt: skip
# What sells best is a display: dear enough to be a star, and with a quote in its name.
BESTSELLER_KIND = KINDS[1]
# Orders of these alone are below 1 USD or above 10,000 USD: unreasonable at their right price.
EXTREME_KINDS = (
    Kind("Electronics", "Accessories", ("Cable Tie",), (0, 0), (10, 20), ("nylon",)),
    Kind("Furniture", "Office", ("Boardroom Suite",), (12_400, 12_400), (31_000, 32_000), ("oak",)),
)
BRANDS = (
    "Aurora Lane", "Bramblewood", "Corvid Works", "Driftline", "Eastmere", "Fjordcraft",
    "Gantry & Sons", "Halcyon Peak", "Ironbark", "Junova",
)  # fmt: skip
SERIES = ("Classic", "Pro", "Compact", "Eco", "Trail", "Studio", "Lite", "Heritage")
COLORS = ("black", "white", "navy", "forest green", "sand", "graphite", "terracotta")
# Commas, quotes and line breaks are what careless CSV readers trip over: have them all.
DESCRIPTIONS = (
    "{noun} in {color}, made of {material}.",
    "A dependable {noun}, in {color}.\nCare: wipe clean with a damp cloth.",
    'Our "{series}" {noun}: {material}, {color} and built to last.',
    "{series} {noun} of {material}",
)


class Warehouse(NamedTuple):
    """A stock location; the shop floor has no id and is known by its location alone."""

    warehouse_id: str
    name: str
    location: str


WAREHOUSES = (
    Warehouse("WH-EAST", "Eastern Hub", "Columbus, OH"),
    Warehouse("WH-WEST", "Western Hub", "Portland, OR"),
    Warehouse("WH-SOUTH", "Southern Hub", "Austin, TX"),
    Warehouse("WH-EU", "European Hub", "Leipzig, Germany"),
    Warehouse("", "Shop Floor", "Denver Shop Floor"),
)


class Status(NamedTuple):
    """An order status with the youngest order that has it and the spread of ages, in days."""

    name: str
    min_age: int
    spread: int
    is_shipped: bool


_PENDING = Status("pending", 0, 2, False)
_DELIVERED = Status("delivered", 4, 120, True)
# In per cent of the new orders.
STATUSES = (
    (_PENDING,) * 10
    + (Status("confirmed", 0, 3, False),) * 9
    + (Status("processing", 0, 4, False),) * 11
    + (Status("shipped", 1, 7, True),) * 14
    + (_DELIVERED,) * 26
    + (Status("completed", 10, 240, True),) * 14
    + (Status("cancelled", 0, 60, False),) * 7
    + (Status("returned", 14, 150, True),) * 3
    + (Status("refunded", 14, 150, True),) * 2
    + (Status("failed", 0, 30, False),) * 4
)
FIRST_STATUS = _PENDING
NEXT_STATUS = {
    "pending": "confirmed",
    "confirmed": "processing",
    "processing": "shipped",
    "shipped": "delivered",
    "delivered": "completed",
}

# Text codes are compared without regard to case, spaces and hyphens: a few spellings of each.
PAYMENT_METHODS = (
    "credit_card", "credit_card", "credit_card", "Credit Card", "debit_card", "debit_card",
    "paypal", "paypal", "PayPal", "apple_pay", "google_pay", "bank_transfer", "Bank-Transfer",
)  # fmt: skip


class Service(NamedTuple):
    """A shipping method: base price in US cents, cents per kg, usual days to deliver."""

    method: str
    base_cents: int
    cents_per_kg: int
    days: int


SERVICES = (
    Service("standard", 390, 45, 5),
    Service("standard", 390, 45, 5),
    Service("ground", 590, 60, 4),
    Service("Ground", 590, 60, 4),
    Service("express", 1_290, 110, 2),
    Service("priority", 1_690, 120, 2),
    Service("overnight", 2_490, 160, 1),
)
# Days that a delivery is later than usual.
LATENESS = (-1, -1, 0, 0, 0, 0, 0, 0, 1, 3)
CARRIERS = ("Bluebird Parcel", "Meridian Freight", "Swiftfox Courier")
SALES_CHANNELS = ("web", "mobile app", "store, assisted", "")

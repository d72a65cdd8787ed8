"""What the sample's shop consists of (customers, products, stock, open orders) and how it is made.

Days are proleptic Gregorian ordinals and money is integer cents, so that arithmetic is the same
everywhere. Only `Random.random()` is drawn from: Python promises its sequence for a seed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from ingest.sample import vocabulary as words
from ingest.sample.files import Batch, iso

T = TypeVar("T")
Draw = Callable[[], float]

# Business hours, every seventh second: 18:59:59 still counts as within them.
_TIMES = tuple(
    f" {second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
    for second in range(8 * 3600, 19 * 3600, 7)
)


def pick(draw: Draw, values: Sequence[T]) -> T:
    """Return one of `values`, each as likely."""
    return values[int(draw() * len(values))]


def skewed(draw: Draw, evenness: float = 0.35) -> float:
    """Return a number in [0, 1) that is the likelier the nearer to 0; `evenness` 1 is uniform."""
    number = draw()
    return number * (evenness + (1 - evenness) * number)


def money(cents: int) -> str:
    """Return an amount of cents with its two decimals."""
    return f"{cents // 100}.{cents % 100:02d}"


def convert(usd_cents: int, currency: str) -> int:
    """Return an amount of US cents in hundredths of `currency`."""
    return usd_cents if currency == "USD" else round(usd_cents / words.USD_RATES[currency])


def stamp(draw: Draw, ordinal: int) -> str:
    """Return a timestamp in the business hours of a day."""
    return iso(ordinal) + pick(draw, _TIMES)


@dataclass(slots=True)
class Customer:
    """A customer; `identity` is first name to registration_date, `home` address to country."""

    customer_id: str
    identity: tuple[str, ...]
    home: tuple[str, ...]
    tier: str
    registered: int
    ship_to: str

    def row(self, draw: Draw, batch: Batch) -> tuple[str, ...]:
        """Return the customer as exported today; last_login and created_timestamp are new."""
        seen = max(self.registered, batch.ordinal - int(draw() * 30))
        return (
            self.customer_id,
            *self.identity,
            *self.home,
            self.tier,
            stamp(draw, seen),
            stamp(draw, batch.ordinal),
        )

    def move(self, draw: Draw) -> None:
        """Give the customer another home."""
        self.home, self.ship_to = _new_home(draw)


@dataclass(slots=True)
class Product:
    """A product; `prices` holds the days on which a price began, with the price as text."""

    product_id: str
    labels: tuple[str, ...]
    details: tuple[str, ...]
    currency: str
    list_cents: int
    usd_list_cents: int
    grams: int
    launched: int
    is_extreme: bool
    is_discontinued: bool = False
    prices: list[tuple[int, str]] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)

    @property
    def is_orderable(self) -> bool:
        """Whether ordinary orders may be for this product."""
        return not (self.is_discontinued or self.is_extreme)

    @property
    def is_dear(self) -> bool:
        """Whether it costs 100 USD or more at any price it may have."""
        return self.usd_list_cents >= 12_000

    @property
    def is_cheap(self) -> bool:
        """Whether it costs less than 100 USD at any price it may have."""
        return self.usd_list_cents < 8_000

    def price_on(self, ordinal: int) -> str:
        """Return the price that history has for a day: the earliest one for days before it."""
        for begun, price in reversed(self.prices):
            if begun <= ordinal:
                return price
        return self.prices[0][1]

    def set_price(self, ordinal: int, per_cent: int) -> None:
        """Price the product at a percentage of its list price from a day on."""
        price = money(max(1, self.list_cents * per_cent // 100))
        if price != self.prices[-1][1]:
            self.prices.append((ordinal, price))

    def row(self, draw: Draw, batch: Batch) -> tuple[str, ...]:
        """Return the product as exported today, with the sum of its stock."""
        flags = ("0", "1") if batch.number % 2 == 0 else ("false", "true")
        return (
            self.product_id,
            *self.labels,
            self.prices[-1][1],
            self.currency,
            str(sum(item.quantity for item in self.items)),
            f"{self.grams // 1000}.{self.grams % 1000:03d}",
            *self.details,
            iso(self.launched),
            flags[self.is_discontinued],
            stamp(draw, batch.ordinal),
        )


@dataclass(slots=True)
class Item:
    """The stock of a product in a warehouse."""

    product_id: str
    inventory_id: str
    warehouse: words.Warehouse
    quantity: int
    reorder_level: int
    updated: str
    audited: int

    def move(self, draw: Draw, batch: Batch, change: int) -> None:
        """Add to the stock, or take what there is of it."""
        self.quantity = max(0, self.quantity + change)
        # The senders of even days know only the day of a restock.
        self.updated = batch.day if batch.number % 2 == 0 else stamp(draw, batch.ordinal)

    def row(self, draw: Draw, batch: Batch) -> tuple[str, ...]:
        """Return the stock as exported today."""
        reserved = self.quantity // 8
        status = "In Stock" if self.quantity > self.reorder_level else "Low Stock"
        return (
            self.product_id,
            str(self.quantity),
            self.warehouse.location,
            self.updated,
            stamp(draw, batch.ordinal),
            status if self.quantity else "Out of Stock",
            self.inventory_id,
            self.warehouse.warehouse_id,
            self.warehouse.name,
            str(reserved),
            str(self.quantity - reserved),
            str(self.reorder_level),
            iso(self.audited),
        )


@dataclass(slots=True)
class OpenOrder:
    """An order that is still followed, with its last row and that of its shipment."""

    row: tuple[str, ...]
    status: str
    product: Product
    shipment: tuple[str, ...] | None


def new_customer(draw: Draw, number: int, batch: Batch) -> Customer:
    """Invent customer `number` (from 0)."""
    first, last = pick(draw, words.FIRST_NAMES), pick(draw, words.LAST_NAMES)
    mailbox = f"{first}.{last}{number}".translate(words.EMAIL_FOLD).lower()
    # Both spread over all the segments of age and of lifecycle.
    born = batch.ordinal - int((18.2 + 62 * skewed(draw)) * 365.25)
    days = draw()
    registered = batch.ordinal - int(1_800 * days * days)
    home, ship_to = _new_home(draw)
    return Customer(
        customer_id=f"CUST{number + 1:07d}",
        identity=(
            first,
            last,
            f"{mailbox}@{pick(draw, words.EMAIL_DOMAINS)}",
            f"+1-555-01{int(draw() * 100):02d}",
            iso(born),
            iso(registered),
        ),
        home=home,
        tier=words.TIERS[number % len(words.TIERS)],
        registered=registered,
        ship_to=ship_to,
    )


def _new_home(draw: Draw) -> tuple[tuple[str, ...], str]:
    city = pick(draw, words.CITIES)
    house = int(draw() * 240) + 1
    address = f"{house} {pick(draw, words.STREETS)}"
    if house % 5 == 0:
        address = f"Flat {house % 9 + 1}, {address}"
    elif house % 17 == 0:
        address = f"{address}\nUnit {house % 7 + 1}"
    number = int(draw() * 100)
    zip_code = city.zip_pattern.format(n=f"{number:02d}", d=number % 10)
    home = (address, city.name, city.state, zip_code, city.country)
    return home, f"{address}, {city.name}, {city.state} {zip_code}, {city.country}"


def new_product(draw: Draw, number: int, batch: Batch, kind: words.Kind | None = None) -> Product:
    """Invent product `number` (from 0), without stock, of a kind that is given or drawn."""
    is_extreme = kind in words.EXTREME_KINDS
    kind = kind or pick(draw, words.KINDS)
    noun, series, brand = pick(draw, kind.nouns), pick(draw, words.SERIES), pick(draw, words.BRANDS)
    color, material = pick(draw, words.COLORS), pick(draw, kind.materials)
    low, high = kind.usd
    usd_cents = (low + int((high - low) * skewed(draw, 0.1))) * 100 + pick(draw, (99, 99, 49, 95))
    currency = "USD" if is_extreme else pick(draw, words.PRICE_CURRENCIES)
    cents = convert(usd_cents, currency)
    if words.USD_RATES[currency] < 0.1:
        cents -= cents % 1_000
    lightest, heaviest = kind.grams
    sides = [int(8 + draw() * 30 * (1 + heaviest / 12_000)) for _ in range(3)]
    age = draw()
    return Product(
        product_id=f"PROD{number + 1:07d}",
        labels=(f"{brand} {series} {noun}", kind.category, kind.subcategory, brand),
        details=(
            f"{sides[0]}x{sides[1]}x{sides[2]}.5",
            color,
            material,
            pick(draw, words.DESCRIPTIONS).format(
                noun=noun, color=color, material=material, series=series
            ),
        ),
        currency=currency,
        list_cents=cents,
        usd_list_cents=usd_cents,
        grams=lightest + int((heaviest - lightest) * draw()),
        launched=batch.ordinal - int(1_500 * age * age),
        is_extreme=is_extreme,
        prices=[(batch.ordinal, money(cents))],
    )


def new_item(draw: Draw, number: int, batch: Batch, product_id: str, place: int) -> Item:
    """Invent the stock of a product in the warehouse `place`."""
    share = draw()
    return Item(
        product_id=product_id,
        inventory_id=f"INV{number + 1:07d}",
        warehouse=words.WAREHOUSES[place % len(words.WAREHOUSES)],
        # From empty to some hundreds; a twentieth is out of stock.
        quantity=max(0, int(420 * share * share) - 1),
        reorder_level=pick(draw, (5, 10, 15, 25)),
        updated=stamp(draw, batch.ordinal - int(draw() * 20)),
        audited=batch.ordinal - int(draw() * 90),
    )

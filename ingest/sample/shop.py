"""The life of the sample's shop from day to day, and the rows that each day sends."""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Iterator

from ingest.sample import vocabulary as words
from ingest.sample.defects import Kind, Plan, column_index
from ingest.sample.entities import (
    Customer,
    Item,
    OpenOrder,
    Product,
    T,
    convert,
    money,
    new_customer,
    new_item,
    new_product,
    pick,
    skewed,
    stamp,
)
from ingest.sample.files import Batch, Row, Sheet, iso

# Rows of the other feeds for one order row; shipping follows from the orders' statuses.
_CUSTOMERS, _PRODUCTS, _INVENTORY, _SHIPPING = 0.3, 0.17, 0.2, 0.55
# Shares of a later day's rows.
_NEW_CUSTOMERS, _NEW_PRODUCTS = 0.15, 0.10
_ORDER_UPDATES, _ORDER_RESENDS = 0.15, 0.03

_STATUS = column_index("orders.order_status")
_AMOUNT = column_index("orders.order_amount")
_CURRENCY = column_index("orders.currency")
_ADDRESS = column_index("orders.shipping_address")
_ARRIVAL = column_index("shipping.actual_delivery")
_SHIPPING_STATUS = column_index("shipping.shipping_status")

# Statuses of new orders that will change on later days.
_FOLLOWED = {"pending", "confirmed", "processing", "shipped"}


class Window:
    """Walks over a growing list, some elements a day, and leaves out the first."""

    def __init__(self) -> None:
        """Start behind the first element."""
        self._next = 0

    def take(self, pool: list[T], size: int, count: int) -> Iterator[T]:
        """Yield the next `count` of the first `size` elements, none of them twice."""
        others = size - 1
        for _ in range(min(count, others)):
            self._next %= others
            yield pool[1 + self._next]
            self._next += 1


class Shop:
    """Holds what is alive in the shop; memory grows with it, not with the rows written."""

    def __init__(self, orders: int, seed: int) -> None:
        """Open a shop that sends about `orders` order rows a day."""
        self._orders = orders
        self._seed = seed
        self._draw = random.Random(f"shop {seed}").random
        self._customers: list[Customer] = []
        self._products: list[Product] = []
        self._items: list[Item] = []
        self._discontinued: list[Product] = []
        self._extremes: list[Product] = []
        self._open: deque[OpenOrder] = deque()
        self._customer_window = Window()
        self._product_window = Window()
        self._item_window = Window()
        self._numbers: Counter[str] = Counter()
        self._broken: Counter[str] = Counter()

    def send(self, batch: Batch, sheets: dict[str, Sheet]) -> None:
        """Let a day pass, and write its rows to the sheets."""
        self._batch, self._sheets = batch, sheets
        draw = random.Random(f"defects {self._seed} {batch.number}").random
        self._plans = {
            feed: Plan(feed, batch, sheets[feed].layout.columns, int(rows), draw)
            for feed, rows in (
                ("orders", self._orders),
                ("customers", self._orders * _CUSTOMERS),
                ("products", self._orders * _PRODUCTS),
                ("inventory", self._orders * _INVENTORY),
                ("shipping", self._orders * _SHIPPING),
            )
        }
        self._send_goods()
        self._send_orders(self._send_customers())

    def _budget(self, feed: str, share: float) -> int:
        """Return the rows that are left for clean data of a feed."""
        return max(1, round(self._orders * share) - self._plans[feed].added_rows)

    def _number(self, name: str) -> int:
        """Return the next number of a kind of key, from 0."""
        self._numbers[name] += 1
        return self._numbers[name] - 1

    # Goods: the stock moves first, so that the products can state its sum.

    def _send_goods(self) -> None:
        batch, draw = self._batch, self._draw
        budget = self._budget("products", _PRODUCTS)
        known_products, known_items = len(self._products), len(self._items)
        if known_products:
            for _ in range(int(budget * _NEW_PRODUCTS)):
                self._stock(new_product(draw, self._number("product"), batch))
        else:
            self._open_shop(budget)
        for item in self._items[known_items:]:
            self._put("inventory", item.row(draw, batch))
        resent: list[Product] = []
        if known_products:
            # A -> B -> A: the first stock, price and customer go back and forth every day.
            self._items[0].move(draw, batch, 25 if batch.number % 2 == 0 else -25)
            self._put("inventory", self._items[0].row(draw, batch))
            resent = self._change_products(budget, known_products)
            left = self._budget("inventory", _INVENTORY) - (len(self._items) - known_items) - 1
            for item in self._item_window.take(self._items, known_items, left):
                if draw() < 0.7:
                    sold = -int(draw() * (item.quantity // 4 + 4))
                    item.move(draw, batch, int(draw() * 90) if draw() < 0.3 else sold)
                self._put("inventory", item.row(draw, batch))
        for product in (*self._products[known_products:], *resent):
            self._put("products", product.row(draw, batch))

    def _open_shop(self, size: int) -> None:
        for place in range(size):
            kind = None if place else words.BESTSELLER_KIND
            product = new_product(self._draw, self._number("product"), self._batch, kind)
            self._stock(product)
            if place % 25 == 7:
                self._discontinue(product)
        for kind in words.EXTREME_KINDS:
            product = new_product(self._draw, self._number("product"), self._batch, kind)
            self._stock(product)
            self._extremes.append(product)

    def _stock(self, product: Product) -> None:
        draw, first = self._draw, int(self._draw() * len(words.WAREHOUSES))
        for place in range(first, first + (2 if draw() < 0.3 else 1)):
            number = self._number("item")
            product.items.append(new_item(draw, number, self._batch, product.product_id, place))
        self._items += product.items
        self._products.append(product)

    def _discontinue(self, product: Product) -> None:
        product.is_discontinued = True
        self._discontinued.append(product)

    def _change_products(self, budget: int, known: int) -> list[Product]:
        today = self._batch.ordinal
        promoted = self._products[0]
        promoted.set_price(today, 90 if self._batch.number % 2 == 0 else 100)
        resent = [promoted]
        for product in self._product_window.take(
            self._products, known, budget - int(budget * _NEW_PRODUCTS) - 1
        ):
            chance = self._draw()
            if chance < 0.3:
                product.set_price(today, 85 + int(self._draw() * 31))
            elif chance < 0.34 and product.is_orderable:
                self._discontinue(product)
            resent.append(product)
        return resent

    # Customers.

    def _send_customers(self) -> list[Customer]:
        """Write the customers and return the new ones, who all have an order to place."""
        batch, draw = self._batch, self._draw
        budget, known = self._budget("customers", _CUSTOMERS), len(self._customers)
        count = int(budget * _NEW_CUSTOMERS) if known else budget
        new = [new_customer(draw, self._number("customer"), batch) for _ in range(count)]
        self._customers += new
        for customer in new:
            self._put("customers", customer.row(draw, batch))
        if known:
            first = self._customers[0]
            first.tier = "gold" if batch.number % 2 == 0 else "silver"
            self._put("customers", first.row(draw, batch))
            for customer in self._customer_window.take(self._customers, known, budget - count - 1):
                chance = draw()
                if chance < 0.25:
                    customer.move(draw)
                elif chance < 0.4:
                    customer.tier = words.NEXT_TIER.get(customer.tier, customer.tier)
                self._put("customers", customer.row(draw, batch))
        return new

    # Orders and their shipments, which are written side by side.

    def _send_orders(self, newcomers: list[Customer]) -> None:
        budget, known = self._budget("orders", 1), len(self._open)
        updates = min(int(self._orders * _ORDER_UPDATES), known)
        resends = min(int(self._orders * _ORDER_RESENDS), known - updates)
        for _ in range(updates):
            self._advance(self._open.popleft())
        for _ in range(resends):
            order = self._open.popleft()
            self._put("orders", order.row)
            self._follow(order)
        for place in range(max(1, budget - updates - resends)):
            self._order(newcomers[place] if place < len(newcomers) else self._customer())

    def _customer(self) -> Customer:
        # The newest customers have only the one order that they came with.
        return self._customers[int(skewed(self._draw) * len(self._customers) * 0.65)]

    def _product(self, customer: Customer) -> Product:
        is_premium = customer.tier == "premium"
        for _ in range(200):
            product = self._products[int(skewed(self._draw, 0.2) * len(self._products))]
            if product.is_orderable and (product.is_dear or not is_premium):
                return product
        # A small catalogue may have nothing else: the bestseller is dear and never discontinued.
        return self._products[0]

    def _order(self, customer: Customer) -> None:
        draw, today = self._draw, self._batch.ordinal
        product, status, age = self._product(customer), pick(draw, words.STATUSES), draw()
        ordered = max(
            today - status.min_age - int(status.spread * age * age),
            customer.registered,
            product.launched,
        )
        if today - ordered < status.min_age:
            status = words.FIRST_STATUS
        row = self._order_row(customer, product, status.name, ordered)
        if draw() < 0.04 and product.currency != "EUR":
            row = _with(_with(row, _CURRENCY, "EUR"), _AMOUNT, _euros(product))
        self._put("orders", row)
        shipment = None
        if status.is_shipped:
            dispatched = min(today, ordered + int(draw() * 3))
            shipment = self._shipment(row, product, status.name, dispatched)
            self._put("shipping", shipment)
        if status.name in _FOLLOWED:
            self._follow(OpenOrder(row, status.name, product, shipment))

    def _order_row(
        self, customer: Customer, product: Product, status: str, ordered: int
    ) -> tuple[str, ...]:
        return (
            f"ORD{self._number('order') + 1:08d}",
            customer.customer_id,
            product.product_id,
            iso(ordered),
            product.price_on(ordered),
            product.currency,
            pick(self._draw, words.PAYMENT_METHODS),
            customer.ship_to,
            status,
            stamp(self._draw, ordered),
        )

    def _shipment(
        self, order: tuple[str, ...], product: Product, status: str, dispatched: int
    ) -> tuple[str, ...]:
        draw, number = self._draw, self._number("shipment") + 1
        service = pick(draw, words.SERVICES)
        grams = product.grams + 200
        cents = service.base_cents + service.cents_per_kg * grams // 1000
        arrived = dispatched + max(0, service.days + pick(draw, words.LATENESS))
        created = stamp(draw, dispatched)
        if self._batch.number % 3 == 0:
            created = created.replace(" ", "T") + "Z"
        is_underway = status == "shipped"
        return (
            order[0],
            service.method,
            money(convert(cents, order[_CURRENCY])),
            order[_CURRENCY],
            f"TRK{number * 7:010d}",
            f"{grams // 1000}.{grams % 1000:03d}",
            product.details[0],
            iso(dispatched + service.days),
            "" if is_underway else iso(min(self._batch.ordinal, arrived)),
            created,
            f"SHP{number:08d}",
            pick(draw, words.CARRIERS),
            product.items[0].warehouse.name,
            order[_ADDRESS],
            "in_transit" if is_underway else "delivered",
            order[_AMOUNT] if product.is_dear else "",
        )

    def _follow(self, order: OpenOrder) -> None:
        # The bound keeps memory flat; orders beyond it just stay as they are.
        if len(self._open) < self._orders // 2:
            self._open.append(order)

    def _advance(self, order: OpenOrder) -> None:
        status = words.NEXT_STATUS[order.status]
        if order.status == "pending" and self._draw() < 0.08:
            status = "cancelled"
        order.status, order.row = status, _with(order.row, _STATUS, status)
        self._put("orders", order.row)
        if status == "shipped":
            today = self._batch.ordinal
            order.shipment = self._shipment(order.row, order.product, status, today)
            self._put("shipping", order.shipment)
        elif status == "delivered" and order.shipment:
            shipment = _with(order.shipment, _ARRIVAL, self._batch.day)
            order.shipment = _with(shipment, _SHIPPING_STATUS, status)
            self._put("shipping", order.shipment)
        if status in words.NEXT_STATUS:
            self._follow(order)

    # Defects.

    def _put(self, feed: str, row: Row) -> None:
        """Write a clean row, and the defect that is due there."""
        sheet, defect = self._sheets[feed], self._plans[feed].take()
        if defect is None:
            sheet.write(row)
            return
        is_live = defect.kind is Kind.LIVE
        if not is_live:
            sheet.write(row)
        victim = row if is_live or defect.kind is Kind.COPY else self._spare(feed, defect.rule)
        if victim is None:
            return
        if defect.kind is Kind.RAGGED:
            sheet.write_ragged(victim)
            return
        broken = list(victim)
        defect.edit(broken, self._batch, self._broken[defect.rule])
        self._broken[defect.rule] += 1
        sheet.write(broken)

    def _spare(self, feed: str, rule: str) -> Row | None:
        """Return a row of something that nothing else refers to; None if the shop has none."""
        draw, batch = self._draw, self._batch
        if feed == "orders":
            return self._spare_order(rule)
        if feed == "customers":
            return new_customer(draw, self._number("customer"), batch).row(draw, batch)
        if feed == "products":
            return new_product(draw, self._number("product"), batch).row(draw, batch)
        number = self._number("spare")
        if feed == "inventory":
            product_id = f"PROD{8_000_000 + number}"
            item = new_item(draw, self._number("item"), batch, product_id, number)
            # Not empty: a broken quantity shall not contradict the status as well.
            item.quantity += 1
            return item.row(draw, batch)
        order = self._order_row(self._customers[0], self._products[0], "shipped", batch.ordinal)
        unknown = _with(order, 0, f"ORD{90_000_000 + number}")
        return self._shipment(unknown, self._products[0], "shipped", batch.ordinal)

    def _spare_order(self, rule: str) -> Row | None:
        draw, today, nth = self._draw, self._batch.ordinal, self._broken[rule]
        wants_premium = rule == "low_value_premium_orders"
        candidates = (self._customer() for _ in range(200))
        customer = next((c for c in candidates if (c.tier == "premium") is wants_premium), None)
        if customer is None:
            return None
        if rule == "discontinued_orders":
            product = pick(draw, self._discontinued) if self._discontinued else None
        elif rule == "unreasonable_orders":
            product = self._extremes[nth % len(self._extremes)]
        elif wants_premium:
            cheap = (pick(draw, self._products) for _ in range(200))
            product = next((p for p in cheap if p.is_orderable and p.is_cheap), None)
        else:
            product = self._product(customer)
        if product is None:
            return None
        # A product may have been on sale until yesterday: its order is of today.
        days = 0 if product.is_discontinued else int(draw() * 3)
        ordered = max(today - days, customer.registered, product.launched)
        row = self._order_row(customer, product, words.FIRST_STATUS.name, ordered)
        if rule == "shipments_without_address":
            nowhere = _with(row, _ADDRESS, "")
            self._sheets["shipping"].write(self._shipment(nowhere, product, "shipped", today))
        return row


def _with(row: tuple[str, ...], index: int, value: str) -> tuple[str, ...]:
    return (*row[:index], value, *row[index + 1 :])


def _euros(product: Product) -> str:
    return money(convert(product.usd_list_cents, "EUR"))

"""From Databricks' SQL to Spark's, token by token, so that strings and comments stay as they are.

The one Unity catalog becomes `spark_catalog`, and what Spark has no function or view for becomes an
expression or a temporary view. Everything else is left to Spark, or to a rule of `emulated.py`.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

SPARK_CATALOG = "spark_catalog"
VIEW_PREFIX = "information_schema_"

_TOKEN = re.compile(
    r"""
      (?P<comment> --[^\n]* | /\*.*?\*/ )
    | (?P<string> [rR]'[^']*' | '(?:\\.|''|[^'\\])*' | "(?:\\.|""|[^"\\])*" )
    | (?P<name> `(?:``|[^`])+` | [^\W\d]\w* )
    | (?P<number> \d\w* )
    | (?P<space> \s+ )
    | (?P<mark> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_CATALOGS_ELSEWHERE = {SPARK_CATALOG, "hive_metastore", "samples"}
_BEGINNINGS = (["use", "catalog"], ["set", "catalog"], ["show", "schemas", "in"])
_SECURABLES = (["on", "catalog"], ["alter", "catalog"])
_GROUP_FUNCTIONS = {"is_account_group_member", "is_member"}
# Groups of whoever reads a view: a table that `Endpoint.as_member_of` writes.
MEMBERSHIPS = f"{SPARK_CATALOG}.endpoint.memberships"


class UnknownCatalogError(Exception):
    """A statement names a catalog that the endpoint does not have."""

    def __init__(self, name: str) -> None:
        super().__init__(f"[NO_SUCH_CATALOG_EXCEPTION] Catalog '{name}' was not found.")


@dataclass
class Token:
    """A piece of a statement: comment, string, name, number, space or mark."""

    kind: str
    text: str

    @property
    def name(self) -> str | None:
        """The name in lower case and without its backticks; None for other tokens."""
        if self.kind != "name":
            return None
        return self.text.strip("`").replace("``", "`").lower()


@dataclass(frozen=True)
class Translation:
    """A statement as Spark shall see it.

    Attributes:
        sql: The statement with catalog, functions and views replaced, and else as it was.
        canonical: The same without comments, and with spaces only between words: what rules match.
        kinds: Kinds of emulation that it already contains.
        views: Views of the information schema that it reads.
    """

    sql: str
    canonical: str
    kinds: frozenset[str]
    views: frozenset[str]


def tokenize(sql: str) -> list[Token]:
    """Cut a statement into tokens; together they are the statement."""
    return [Token(str(found.lastgroup), found.group()) for found in _TOKEN.finditer(sql)]


def translate(sql: str, catalog: str, groups: Collection[str] = ()) -> Translation:
    """Translate a statement.

    Args:
        sql: The statement, as Databricks would get it.
        catalog: Name of the Unity catalog that stands for Spark's own.
        groups: Groups that whoever sends the statement is in.

    Raises:
        UnknownCatalogError: The statement names another catalog.
    """
    tokens = tokenize(sql)
    code = [token for token in tokens if token.kind not in ("comment", "space")]
    kinds, views = set[str](), set[str]()
    makes_view = "view" in [token.name for token in code[:4]]
    for position, token in enumerate(code):
        after = [later.text.lower() for later in code[position + 1 : position + 4]]
        if token.name is None or (position and code[position - 1].text == "."):
            continue
        stands_alone = _names_a_catalog(code, position)
        if token.name in (catalog, "system") and _is_information_schema(after):
            view = str(code[position + 4].name)
            _replace(code[position : position + 5], VIEW_PREFIX + view)
            views.add(view)
            kinds.add("information schema")
        elif token.name == catalog and (stands_alone or after[:1] == ["."]):
            token.text = SPARK_CATALOG
        elif stands_alone or (token.name in _CATALOGS_ELSEWHERE and after[:1] == ["."]):
            raise UnknownCatalogError(token.name)
        elif token.name == "current_catalog" and after[:2] == ["(", ")"]:
            _replace(code[position : position + 3], f"'{catalog}'")
            kinds.add("current catalog")
        elif token.name in _GROUP_FUNCTIONS and (after[:1], after[2:]) == (["("], [")"]):
            is_member = str(code[position + 2].text[1:-1] in groups).lower()
            if makes_view:
                # Asked when somebody reads the view.
                group = code[position + 2].text
                is_member = f"(select count(*) > 0 from {MEMBERSHIPS} where member_of = {group})"
            _replace(code[position : position + 4], is_member)
            kinds.add("group membership")
    return Translation(
        "".join(token.text for token in tokens),
        _canonical(code),
        frozenset(kinds),
        frozenset(views),
    )


def _names_a_catalog(code: list[Token], position: int) -> bool:
    """Whether what stands here can be nothing but a catalog."""
    before = [token.name for token in code[max(0, position - 3) : position]]
    return before in _BEGINNINGS or before[-2:] in _SECURABLES


def _is_information_schema(after: list[str]) -> bool:
    return [text.strip("`") for text in after] == [".", "information_schema", "."]


def _replace(tokens: list[Token], text: str) -> None:
    tokens[0].text = text
    for token in tokens[1:]:
        token.kind, token.text = "space", ""


def _canonical(code: list[Token]) -> str:
    parts: list[str] = []
    was_word = False
    for token in code:
        is_word = token.kind in ("string", "name", "number")
        if token.text:
            parts.append(f" {token.text}" if is_word and was_word else token.text)
            was_word = is_word
    return "".join(parts).rstrip(";")

"""Sentences on the terminal."""

from rich.console import Console


def say(text: str, *, err: bool = False) -> None:
    """Print text, which a terminal breaks between words; a file or a pipe gets it as it is.

    Args:
        text: What to print, just as it is: brackets are no markup.
        err: Whether to print on standard error.
    """
    console = Console(stderr=err, highlight=False, markup=False, emoji=False)
    console.print(text, soft_wrap=not console.is_terminal)

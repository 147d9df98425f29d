"""evidence cache: where answers are remembered, how many, and how to forget them."""

from __future__ import annotations

import click


@click.command()
@click.argument("action", type=click.Choice(["path", "info", "clear"]))
def cache(action: str) -> None:
    """Show or empty the cache of PubMed's answers.

    It only saves asking twice: records are in the papers/ of each review, and
    clearing the cache leaves those alone. EVIDENCE_CACHE names another folder.

    \b
    Examples:
      evidence cache path
      evidence cache info
      evidence cache clear
    """
    from evidence.papers import cache as answers

    if action == "path":
        click.echo(answers.cache_folder())
        return
    found = answers.clear() if action == "clear" else answers.contents()
    count = f"{found.answers:,} answer{'s' * (found.answers != 1)}, {_size(found.size)}"
    click.echo(f"{'removed ' if action == 'clear' else ''}{count} in {found.folder}")


def _size(count: int) -> str:
    """Bytes as people say them."""
    if count < 1000:
        return f"{count} bytes"
    for unit, size in (("kB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000)):
        if count < 1000 * size or unit == "GB":
            return f"{count / size:.1f} {unit}"
    raise AssertionError

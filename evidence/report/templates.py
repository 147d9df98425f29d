"""Our own templates, styles and scripts: read from a package, filled in with every text escaped, known to a browser by hash."""

from __future__ import annotations

import pkgutil
from base64 import b64encode
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment

POLICY = "default-src 'none'; {allowed}base-uri 'none'; form-action 'none'"
"""What a browser lets a page do: nothing is fetched, and what runs or styles it is our own."""


def own_file(package: str, name: str) -> str:
    """A file that comes with a package, with the line ends that its hash is of."""
    raw = pkgutil.get_data(package, name)
    assert raw is not None
    return raw.decode().replace("\r\n", "\n")


def environment(package: str) -> Environment:
    """Jinja2 with the templates of a package: every text is escaped, and an unknown name is an error."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    return Environment(
        loader=FunctionLoader(lambda name: own_file(package, name)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def policy(**ours: str) -> str:
    """The page's security policy; `style` and `script` are the texts that it may use."""
    hashes = {kind: b64encode(sha256(text.encode()).digest()).decode() for kind, text in ours.items()}
    return POLICY.format(allowed="".join(f"{kind}-src 'sha256-{known}'; " for kind, known in hashes.items()))

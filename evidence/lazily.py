"""Public names that are imported when they are first used (PEP 562), so that importing a package costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from importlib import import_module


def from_homes(
    package: str, homes: Mapping[str, str], known: MutableMapping[str, object]
) -> Callable[[str], object]:
    """A package's `__getattr__`: each public name from the module of the package that `homes` says it lives in.

    `known` is the package's globals, where a name is kept once it was asked for.
    """

    def find(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value: object = getattr(import_module(f"{package}.{homes[name]}"), name)
        known[name] = value
        return value

    return find

"""A group whose commands are imported when they are named, and that ends as the exit codes promise."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

import click

from evidence.errors import EvidenceError, InputError

from .output import say

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

INTERRUPTED = 130
"""What the shell expects of a program ended by Ctrl-C: 128 + SIGINT."""

COMPLETING = "_EVIDENCE_COMPLETE"
"""Environment variable by which a shell asks for completions."""

VERBOSE = ("-v", "-vv", "--verbose")
"""Of the group, so that it need not be an option of every command."""

ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


class Commands(click.Group):
    """A click group from command names; each lives in the module of its name beside this one."""

    def __init__(
        self, *args: Any, sections: Mapping[str, Mapping[str, str]] = MappingProxyType({}), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.sections = sections
        self.names = tuple(name for commands in sections.values() for name in commands)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.names:
            return None
        command = getattr(import_module(f".{cmd_name}", __package__), cmd_name)
        assert isinstance(command, click.Command)
        if COMPLETING in os.environ:
            from .completing import teach

            teach(command)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Commands and options that begin so; click would import every command for its first sentence."""
        from click.shell_completion import CompletionItem

        found = [
            CompletionItem(name, help=says)
            for commands in self.sections.values()
            for name, says in commands.items()
            if name.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands by section, none of them imported."""
        for title, commands in self.sections.items():
            with formatter.section(title):
                formatter.write_dl(list(commands.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.names and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], self.names, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(
                f"No such command {args[0]!r}.{hint} There are: {', '.join(self.names)}.", ctx
            )
        return super().resolve_command(ctx, args)

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """As click does, but --help and --version into a closed pipe end well."""
        try:
            return super().make_context(*args, **extra)
        except BrokenPipeError:
            leave_quietly()

    def invoke(self, ctx: click.Context) -> Any:
        """As click does, but a closed pipe ends well: click would exit with 1."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            leave_quietly()

    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> Any:
        """Run; errors become a line on stderr and an exit code, never a traceback."""
        # Before numpy is imported: its thread pools cost start-up and CPU, and tables of a few studies gain nothing.
        for name in ONE_THREAD:
            os.environ.setdefault(name, "1")
        options["prog_name"] = "evidence"  # also under `python -m`
        open_what_is_closed()
        if not options.pop("standalone_mode", True):
            return super().main(args, standalone_mode=False, **options)
        # A command lives for a moment and makes hardly a cycle. Looking for them through numpy's and scipy's hundred
        # thousand objects, while they load and again at exit, costs a fifth of a pool and frees nothing.
        gc.disable()
        try:
            code = super().main(args, standalone_mode=False, **options)
        except click.ClickException as error:
            error.show()
            if isinstance(error, click.NoSuchOption) and error.option_name in VERBOSE:
                say(f"it goes before the command: evidence {error.option_name} COMMAND")
            code = error.exit_code
        except EvidenceError as error:
            say(str(error))
            code = error.exit_code
        except (click.Abort, KeyboardInterrupt):
            code = INTERRUPTED
        except OSError as error:  # a disk that is full, an output that is closed; of files their readers tell
            say(f"{error.filename or 'cannot write the output'}: {error.strerror or 'it is closed'}")
            forget_output()
            code = InputError.exit_code
        finally:
            gc.freeze()
            gc.enable()
        sys.exit(code if isinstance(code, int) else 0)


def leave_quietly() -> NoReturn:
    """Whoever reads our output has seen enough (`| head`): no error, and none from the last flush either."""
    forget_output()
    sys.exit(0)


def forget_output() -> None:
    """What could not be written is not tried again at the end, which would fail once more, with another exit code."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def open_what_is_closed() -> None:
    """Streams closed by the shell (`>&-`), which Python leaves as None: else the next file opened would take their place.

    Input is empty, and a word on stderr is lost; but a result is not, so stdout cannot be written.
    """
    for name, mode in (("stdin", "r"), ("stdout", "r"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115

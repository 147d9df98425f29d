"""evidence completion: the script that teaches a shell our commands and options."""

from __future__ import annotations

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script for a shell.

    \b
    Examples:
      evidence completion bash
      evidence completion zsh
      evidence completion fish

    \b
    To use it, add the line for your shell to its start-up file:
      eval "$(evidence completion bash)"          ~/.bashrc
      eval "$(evidence completion zsh)"           ~/.zshrc
      evidence completion fish | source           ~/.config/fish/config.fish
    """
    from click.shell_completion import get_completion_class

    known = get_completion_class(shell)
    assert known is not None  # the choice above lists only those click has
    root = context.find_root().command
    script = known(root, {}, "evidence", "_EVIDENCE_COMPLETE").source()
    # click's script for fish takes an offer apart at every comma, those of its help text among them
    click.echo(script.replace('string split ","', 'string split --max 1 ","'))

"""vtiger-orm completion: verbs, options and modules completed by your shell."""

from __future__ import annotations

from typing import Final

import click

_PLACES: Final = {
    "bash": "echo 'eval \"$(vtiger-orm completion bash)\"' >> ~/.bashrc",
    "zsh": "echo 'eval \"$(vtiger-orm completion zsh)\"' >> ~/.zshrc",
    "fish": "vtiger-orm completion fish > ~/.config/fish/completions/vtiger-orm.fish",
}


@click.command(short_help="Verbs, options and modules completed by your shell.")
@click.argument("shell", type=click.Choice(tuple(_PLACES)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that makes SHELL complete `vtiger-orm`.

    \b
    echo 'eval "$(vtiger-orm completion bash)"' >> ~/.bashrc
    echo 'eval "$(vtiger-orm completion zsh)"' >> ~/.zshrc
    vtiger-orm completion fish > ~/.config/fish/completions/vtiger-orm.fish
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None  # click knows these shells
    root = ctx.find_root().command
    # Not source(), which asks for the shell's version: the script may be written elsewhere.
    made = kind(root, {}, "vtiger-orm", "_VTIGER_ORM_COMPLETE")
    click.echo(made.source_template % made.source_vars())
    click.secho(f"# To keep it: {_PLACES[shell]}", err=True, dim=True)

"""vtiger-orm docs: a site about this CRM: modules, examples, guide and API."""

from __future__ import annotations

from pathlib import Path

import click

from ..text.terminal import counted, say
from ._demo import demo_option, demo_schema
from ._place import place_of


@click.command(short_help="A site about this CRM: modules, examples, guide and API.")
@click.option("--schema", type=click.Path(path_type=Path), help="Folder of the snapshot.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=Path("vtiger-docs"),
    show_default=True,
    help="Folder of the site.",
)
@click.option("--title", help="What the site is called.  [Vtiger CRM]")
@demo_option
@click.option("--serve", is_flag=True, help="Show it on a port of this machine until Ctrl-C.")
@click.pass_context
def docs(
    ctx: click.Context,
    schema: Path | None,
    output: Path,
    title: str | None,
    demo: bool,
    serve: bool,
) -> None:
    """Write a static site from snapshot, names.lock and guide. Asks no CRM and no network.

    Every module with its fields, picklists and relations, ready examples in its own names with the
    statements and calls they take, the guide, and the API. index.html opens from the folder; the
    folder can be put on any web server. Only files that this verb wrote are ever replaced or
    removed.
    """
    from vtiger_orm.metadata.snapshot import Snapshot

    from ..config import load_config
    from ..generate import selected
    from ..naming.lock import FILE_NAME, load_lock
    from ..site.facts import crm_facts
    from ..site.pages import pages
    from ..site.publish import publish_site

    config = load_config()
    options = config.options()
    folder = demo_schema() if demo else schema or config.schema_folder
    snapshot = Snapshot.load(folder)
    package = "generated.demo" if demo else _package(config.output)
    crm = crm_facts(
        snapshot,
        load_lock(folder / FILE_NAME),
        options.naming,
        chosen=None if demo else selected(snapshot, options),
        package=package,
    )
    verbs = ctx.find_root().command
    assert isinstance(verbs, click.Group)
    files = pages(crm, title or ("Demo CRM" if demo else "Vtiger CRM"), verbs)
    removed = publish_site(output, files)
    gone = f", {counted(removed, 'file')} removed" if removed else ""
    told = f"{counted(len(crm.modules), 'module')} in {counted(len(files), 'file')}{gone}"
    say(f"{output / 'index.html'}: {told}.", fg="green")
    if serve:
        _serve(output)


def _package(output: Path) -> str:
    """What applications import."""
    _, parts = place_of(output)
    return ".".join(part for part in parts if part.isidentifier()) or "crm"


def _serve(folder: Path) -> None:
    from functools import partial
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        say(f"http://127.0.0.1:{server.server_port}/ (Ctrl-C ends it)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say("Stopped.", err=True)

"""The commands about packages: check one, and give an area a new key to sign them with."""

from pathlib import Path

import click

from documents.errors import FileRefused
from documents.trail import signing
from exports.collecting.package_check import check_package


def tell(file: Path, key: Path | None, against: Path | None) -> bool:
    """Print what the check of a package says, and how it compares with another; whether all is well."""
    verdict = _verdict(file, key)
    for sentence in verdict.sentences:
        click.echo(sentence)
    if verdict.manifest:
        round_ = verdict.manifest["round"]
        click.echo(
            f"รอบ {round_.get('label')} {round_.get('subsystem')} ฉบับที่ {verdict.manifest.get('version')} "
            f"ลายนิ้วมือกุญแจ {signing.short_fingerprint(verdict.fingerprint)}"
        )
    return verdict.trusted and (against is None or _same(verdict, _verdict(against, key)))


def _verdict(file, key):
    try:
        with file.open("rb") as stream:
            return check_package(stream, key.read_bytes() if key else None)
    except FileRefused as refusal:
        raise click.ClickException(f"{file.name}: {refusal.message}") from refusal


def _same(one, other):
    """Whether two packages hold the same files, however they are compressed; what differs is printed."""
    mine, theirs = (
        {each["name"]: each["content_sha256"] for each in verdict.manifest.get("files", ())}
        for verdict in (one, other)
    )
    differing = sorted(
        name for name in {*mine, *theirs} if mine.get(name) != theirs.get(name) and name != "public-key.pem"
    )
    for name in differing:
        click.echo(f"{name} ต่างกันระหว่างสองแพ็กเกจ (differs)")
    if not differing:
        click.echo("เนื้อหาของสองแพ็กเกจตรงกันทุกไฟล์ (the same content)")
    return not differing

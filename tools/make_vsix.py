#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Packs the VS Code extension.

    make_vsix.py FILE.vsix

A .vsix is a zip file with the extension's files in a folder, a manifest for VS Code and one for the
format. Equal sources make equal bytes: `cmake -E tar` would also write who builds, and when.
"""

import json
import pathlib
import sys
import xml.sax.saxutils
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
EXTENSION = ROOT / "editors" / "vscode"
# The files in extension/, by the names that they have there.
FILES = {
    "package.json": EXTENSION / "package.json",
    "vitrine-dap": EXTENSION / "vitrine-dap",
    "icon.png": EXTENSION / "icon.png",
    "README.md": EXTENSION / "README.md",
    "LICENSE.txt": ROOT / "LICENSE",
}
PROGRAMS = {"vitrine-dap"}

TYPES = """<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
  <Default Extension=".json" ContentType="application/json"/>
  <Default Extension=".md" ContentType="text/markdown"/>
  <Default Extension=".png" ContentType="image/png"/>
  <Default Extension=".txt" ContentType="text/plain"/>
  <Default Extension=".vsixmanifest" ContentType="text/xml"/>
  <Override PartName="/extension/vitrine-dap" ContentType="text/x-shellscript"/>
</Types>
"""
MANIFEST = """<?xml version="1.0" encoding="utf-8"?>
<PackageManifest Version="2.0.0" xmlns="http://schemas.microsoft.com/developer/vsx-schema/2011">
  <Metadata>
    <Identity Language="en-US" Id="{name}" Version="{version}" Publisher="{publisher}"/>
    <DisplayName>{displayName}</DisplayName>
    <Description xml:space="preserve">{description}</Description>
    <Tags>{keywords}</Tags>
    <Categories>{categories}</Categories>
    <License>extension/LICENSE.txt</License>
    <Icon>extension/icon.png</Icon>
    <Properties>
      <Property Id="Microsoft.VisualStudio.Code.Engine" Value="{engine}"/>
      <Property Id="Microsoft.VisualStudio.Code.ExtensionKind" Value="workspace"/>
    </Properties>
  </Metadata>
  <Installation>
    <InstallationTarget Id="Microsoft.VisualStudio.Code"/>
  </Installation>
  <Dependencies/>
  <Assets>
    <Asset Type="Microsoft.VisualStudio.Code.Manifest" Path="extension/package.json" Addressable="true"/>
    <Asset Type="Microsoft.VisualStudio.Services.Content.Details" Path="extension/README.md" Addressable="true"/>
    <Asset Type="Microsoft.VisualStudio.Services.Content.License" Path="extension/LICENSE.txt" Addressable="true"/>
    <Asset Type="Microsoft.VisualStudio.Services.Icons.Default" Path="extension/icon.png" Addressable="true"/>
  </Assets>
</PackageManifest>
"""


def manifest(package):
    """The manifest, from the values of package.json."""
    texts = {key: value for key, value in package.items() if isinstance(value, str)}
    texts["engine"] = package["engines"]["vscode"]
    texts |= {key: ",".join(package[key]) for key in ("keywords", "categories")}
    return MANIFEST.format(**{key: xml.sax.saxutils.escape(text, {'"': "&quot;"}) for key, text in texts.items()})


def add(archive, name, data, mode=0o644):
    entry = zipfile.ZipInfo(name, date_time=(2026, 1, 1, 0, 0, 0))
    entry.create_system = 3  # Unix, which has modes
    entry.external_attr = (0o100000 | mode) << 16
    archive.writestr(entry, data)


def main(output):
    package = json.loads(FILES["package.json"].read_text())
    with zipfile.ZipFile(output, "w") as archive:
        add(archive, "extension.vsixmanifest", manifest(package))
        add(archive, "[Content_Types].xml", TYPES)
        for name, path in FILES.items():
            add(archive, f"extension/{name}", path.read_bytes(), 0o755 if name in PROGRAMS else 0o644)


if __name__ == "__main__":
    main(*sys.argv[1:])

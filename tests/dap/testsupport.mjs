// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A session by the client with which VS Code's own debug adapters are tested.
//
//     node testsupport.mjs TESTSUPPORT-FOLDER VITRINE BANK.WASM BANK.C

import assert from "node:assert";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [folder, vitrine, program, source] = process.argv.slice(2);
const { DebugClient } = createRequire(import.meta.url)(folder);
const lines = readFileSync(source, "utf8").split("\n");
const lineOf = (text) => lines.findIndex((line) => line.includes(text)) + 1;
const deposit = lineOf("account->balance += amount;");
const withdraw = lineOf("if (amount > account->balance)");

const sessions = {
    async "from launch to exit"(client) {
        await client.hitBreakpoint({ program }, { path: source, line: deposit });
        const { stackFrames } = (await client.stackTraceRequest({ threadId: 1, startFrame: 0, levels: 20 })).body;
        assert.deepStrictEqual(stackFrames.slice(0, 2).map((frame) => frame.name), ["deposit", "main"]);
        const { scopes } = (await client.scopesRequest({ frameId: stackFrames[0].id })).body;
        const { variables } = (await client.variablesRequest({ variablesReference: scopes[0].variablesReference })).body;
        assert.deepStrictEqual(variables.map((row) => row.name), ["account", "amount"]);
        assert.strictEqual(variables[1].value, "20");
        await client.setVariableRequest({ variablesReference: scopes[0].variablesReference, name: "amount", value: "1" });
        await Promise.all([client.nextRequest({ threadId: 1 }), client.assertStoppedLocation("step", { path: source, line: deposit + 1 })]);
        await Promise.all([client.stepOutRequest({ threadId: 1 }), client.waitForEvent("stopped")]);
        await client.setBreakpointsRequest({ source: { path: source }, breakpoints: [] });
        await Promise.all([client.continueRequest({ threadId: 1 }), client.assertOutput("stdout", "jade     20 -> 81"), client.waitForEvent("exited"),
            client.waitForEvent("terminated")]);
    },
    async "a breakpoint with a condition"(client) {
        await Promise.all([
            client.waitForEvent("initialized").then(async () => {
                const { breakpoints } = (await client.setBreakpointsRequest({
                    source: { path: source }, breakpoints: [{ line: withdraw, condition: "amount > 50" }],
                })).body;
                assert.strictEqual(breakpoints[0].verified, true);
                await client.configurationDoneRequest();
            }),
            client.launch({ program }),
            client.assertStoppedLocation("breakpoint", { path: source, line: withdraw }),
        ]);
        const frame = (await client.stackTraceRequest({ threadId: 1 })).body.stackFrames[0];
        const amount = (await client.evaluateRequest({ expression: "amount", frameId: frame.id, context: "watch" })).body;
        assert.strictEqual(amount.result, "100");
    },
    async "a program that is not there"(client) {
        await client.initializeRequest();
        await assert.rejects(client.launchRequest({ program: "/no/such.wasm" }), /no\/such.wasm/);
        await assert.rejects(client.threadsRequest(), /launched/);
    },
};

for (const [name, session] of Object.entries(sessions)) {
    const client = new DebugClient(vitrine, "dap", "vitrine");
    client.defaultTimeout = 60_000;
    await client.start();
    try {
        await session(client);
    } catch (error) {
        console.error(`${name}:`, error);
        process.exitCode = 1;
    }
    await client.stop();
}

#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Looks into a running C program of which nothing is exported: with `vitrine inspect`, `vitrine debug` and LLDB.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
vitrine=${VITRINE:-$PWD/build/release/vitrine}
out=$PWD/build/demo
mkdir -p "$out"

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
# expect FILE TEXT...: every text must stand in the file.
expect() {
    local file=$1 text
    shift
    for text in "$@"; do
        grep -qF -- "$text" "$file" || { printf 'demo: error: expected "%s" in %s\n' "$text" "$file" >&2; exit 1; }
    done
}

say "1. A C program. Its accounts, total and operations are static: the module exports none of them."
clang-22 --target=wasm32-wasi -Wno-deprecated --no-wasm-opt -g -O0 examples/bank/bank.c -o "$out/bank.wasm"
"$vitrine" run "$out/bank.wasm" | tee "$out/run.txt"
expect "$out/run.txt" "jade     20 -> 100" "opal   -100 -> -1" "total 190"

say "2. vitrine inspect --at deposit: frames, and the private state, at the first deposit."
# The address of the accounts is not exported either: the argument of deposit points at one of them.
"$vitrine" inspect --at deposit "$out/bank.wasm" > "$out/state.txt"
grep -E '^(stopped|#|global|table|    \[)' "$out/state.txt" | head -24
expect "$out/state.txt" "stopped: breakpoint 1" "#0 func[" "deposit at 0x" "__stack_pointer" "private" "] deposit" "] withdraw"
account=$(sed -n 's/^    local\[0\][^=]*= \([0-9]*\).*/\1/p' "$out/state.txt" | head -1)

say "3. The same with the memory of all accounts: deposit's argument says where \"jade\" is."
"$vitrine" inspect --at deposit --memory "0:$((account - 24))+72" "$out/bank.wasm" | sed -n '/^memory/,$p' | tee "$out/memory.txt"
expect "$out/memory.txt" "amber" "jade" "opal"

say "4. vitrine debug: the same by source line, with every value changeable."
cat > "$out/debug.txt" <<'COMMANDS'
break deposit if amount > 10
run
print *account
print accounts
print operations
bt
set account->balance = 1000
finish
watch accounts[2].balance
continue
delete
continue
COMMANDS
"$vitrine" debug --batch -x "$out/debug.txt" "$out/bank.wasm" | tee "$out/debug.out"
expect "$out/debug.out" 'deposit(account=' 'at bank.c:25' '{owner = "jade", balance = 80, movements = 0}' '{deposit (func[' \
    'deposit returned 1020 (int)' 'watchpoint 2: 15 -> 20' 'exited'

say "5. A real LLDB does it, too."
cat > "$out/lldb.txt" <<'COMMANDS'
breakpoint set --file bank.c --line 28
continue
bt
frame variable
p accounts[1]
p total
p operations
expression accounts[2].balance = 1000
finish
breakpoint disable
continue
COMMANDS
coproc guest { exec "$vitrine" run -g0 "$out/bank.wasm" 2>&1; }
exec 3<&"${guest[0]}"
trap 'kill "${guest_PID:-}" 2>/dev/null || true' EXIT
read -r -t 20 line <&3 || { echo "demo: error: the guest does not wait for a debugger" >&2; exit 1; }
printf '%s\n' "$line"
connect=$(sed -n 's/.*\(process connect [^'"'"']*\).*/\1/p' <<< "$line")
lldb-22 --no-lldbinit --batch -o "settings set target.language c" -o "$connect" -s "$out/lldb.txt" 2>&1 < /dev/null \
    | tee "$out/lldb.out" | grep -vE '^\(lldb\) settings|^$' || true
cat <&3 > "$out/guest.txt" || true
expect "$out/lldb.out" "stop reason = breakpoint 1" "bank.c:28" "deposit" "amount = 20" 'owner = "jade"' "balance = 100" "exited with status = 0"
expect "$out/guest.txt" "opal   -100 -> 905" "total 90"

say "The balance that LLDB changed is the one the program went on with. Nothing had to be exported."

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One of two modules without a start function, each with a variable of its own at the same address.
static int kept = START;

__attribute__((export_name("add"))) int add(int more)
{
    kept += more; // @add
    return kept;
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Run by two threads, each in a store of its own, until a debugger sets `enough`.
static volatile int enough;
static volatile int turns;

static int turn(int id, int step)
{
    int result = id * 10;
    turns += step;
    return result; // @turn
}

__attribute__((export_name("work"))) int work(int id)
{
    int last = 0;
    while (!enough)
        last = turn(id, id);
    return last; // @end
}

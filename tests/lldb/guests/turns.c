// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Two functions that are called in turn.

static int sum;

__attribute__((noinline)) static int first(int n)
{
    sum += n; // @first
    return sum;
}

__attribute__((noinline)) static int second(int n)
{
    sum += 2 * n; // @second
    return sum;
}

__attribute__((export_name("run"))) int run(int turns)
{
    for (int i = 0; i < turns; ++i) {
        first(1);
        second(1);
    }
    return sum;
}

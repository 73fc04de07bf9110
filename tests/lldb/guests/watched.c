// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Variables to watch, and an instruction to skip.
#include <stdio.h>

static int shared = 1;
static int pair[2];

__attribute__((noinline)) static int fill(int upto)
{
    int sum = 0;
    for (int i = 1; i <= upto; ++i) // @loop
        sum += i;                   // @sum
    return sum;                     // @filled
}

int main(void)
{
    shared = 1; // the same as before
    shared = 2;
    pair[1] = shared + 3; // @read
    int first = fill(3);  // @fill
    int second = 7;
    second = 100;        // @skipped
    shared = second + 1; // @last
    printf("%d %d %d\n", first, second, shared); // @print
    return 0;
}

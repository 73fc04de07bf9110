// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs until a debugger ends it: by setting `stop`, or otherwise.
#include <stdio.h>

static volatile int stop = 0;
static volatile unsigned turns = 0;

int main(void)
{
    printf("turning\n");
    fflush(stdout);
    while (!stop)
        turns++; // @turn
    printf("stopped by %d\n", stop);
    return 7;
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Copies standard input to standard output, with a number before each line.
#include <stdio.h>

int main(void)
{
    char line[200];
    for (int number = 1; fgets(line, sizeof line, stdin); ++number)
        printf("%d: %s", number, line);
    return 0;
}

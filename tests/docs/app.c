/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 * The guest that the pages call app.wasm and server.wasm: prints the first line of the file it is given, if any. */
#include <stdio.h>

int main(int argc, char **argv)
{
    FILE *file = argc > 1 ? fopen(argv[1], "r") : NULL;
    char line[64];
    if (argc > 1 && !file)
        perror(argv[1]);
    if (file && fgets(line, sizeof line, file))
        printf("%s", line);
    return 0;
}
